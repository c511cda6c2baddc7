"""Limits of a synthesis: how long it may take, and how large its result may be."""

import os
import shutil
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

SECONDS: Final = 600
"""A synthesis of 20 environments takes less than a minute; the library's validator has been seen to take over an hour
(aws-cdk issue 38425)."""

ARTIFACT_BYTES: Final = 256 * 1024 * 1024
"""Largest input artifact of a CloudFormation action, zipped (CodePipeline User Guide, "Quotas")."""


@contextmanager
def time_limit(seconds: float = SECONDS) -> Generator[None, None, None]:
    """Exit with 1 and a message if what is inside takes longer; it must run in the main thread."""

    def stop(*_: object) -> None:
        print(
            f"synth: stopped after {seconds:g} s, probably in the validation of the templates (aws-cdk issue 38425).\n"
            "Run `CDK_VALIDATION=false make assembly`: if that ends, the validator is the reason. Undo the last change "
            "to a template's conditions, or pin another aws-cdk-lib.",
            file=sys.stderr,
            flush=True,
        )
        # The library's process prints a stack trace when it is stopped in the middle of a call.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        sys.exit(1)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def oversized(assembly: Path, limit: int = ARTIFACT_BYTES) -> str | None:
    """Return what to say if the zipped assembly exceeds the limit in bytes, else None."""
    sizes = {file: file.stat().st_size for file in assembly.rglob("*") if file.is_file()}
    if sum(sizes.values()) <= limit:
        return None
    with TemporaryDirectory() as folder:
        zipped = Path(shutil.make_archive(f"{folder}/assembly", "zip", assembly)).stat().st_size
    if zipped <= limit:
        return None
    largest = sorted(sizes, key=lambda file: -sizes[file])[:3]
    names = ", ".join(f"{file.relative_to(assembly)} ({sizes[file] / 1e6:,.0f} MB)" for file in largest)
    return (
        f"{assembly} is {zipped / 1e6:,.0f} MB zipped; CodePipeline's CloudFormation actions accept "
        f"{limit / 1e6:,.0f} MB (aws-cdk issue 9917). The largest files are {names}: exclude what an image does not "
        "need in container/.dockerignore, and let the image build download the rest"
    )
