"""Synthesizes the assembly of another commit."""

import contextlib
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

from cloud_assembly.errors import AssemblyError

TIMEOUT_SECONDS = 600


@contextlib.contextmanager
def synthesized(commit: str, repository: Path) -> Generator[Path, None, None]:
    """Yield the folder of the commit's assembly, synthesized with the libraries installed now; raises AssemblyError."""
    with tempfile.TemporaryDirectory(prefix="synthesis-") as scratch:
        source, assembly = Path(scratch, "source"), Path(scratch, "cdk.out")
        source.mkdir()
        _run(
            ["git", "rev-parse", "--verify", f"{commit}^{{commit}}"],
            repository,
            f"--from {commit} is neither a commit of this repository nor a folder with a cloud assembly",
        )
        archive = Path(scratch, "source.tar")
        _run(["git", "archive", "--output", str(archive), commit], repository, f"{commit} cannot be read")
        _run(["tar", "-xf", str(archive), "-C", str(source)], repository, f"{commit} cannot be unpacked")
        _run(
            ["cdk", "synth", "--quiet", "--no-validation", "--output", str(assembly)],
            source,
            f"{commit} cannot be synthesized with the libraries of this checkout",
        )
        yield assembly


def _run(command: list[str], folder: Path, failure: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    except FileNotFoundError:
        raise AssemblyError(
            f"{command[0]} is not on the PATH; run make setup, which installs it, and use make"
        ) from None
    except subprocess.TimeoutExpired:
        raise AssemblyError(f"{failure}: no answer within {TIMEOUT_SECONDS} s") from None
    if done.returncode:
        raise AssemblyError(f"{failure}: {(done.stderr or done.stdout).strip() or 'no output'}")
