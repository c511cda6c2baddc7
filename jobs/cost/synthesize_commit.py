"""The assembly of another commit, synthesized for a comparison."""

import contextlib
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

from jobs.cost.errors import CostError

LONGEST_SECONDS = 600


@contextlib.contextmanager
def synthesized(commit: str, repository: Path) -> Generator[Path, None, None]:
    """Give the folder of the commit's assembly, made with the libraries that are installed now; raises CostError."""
    with tempfile.TemporaryDirectory(prefix="cost-") as made:
        source, assembly = Path(made, "source"), Path(made, "cdk.out")
        source.mkdir()
        _run(
            ["git", "rev-parse", "--verify", f"{commit}^{{commit}}"],
            repository,
            f"{commit} names no commit here, and no folder with an assembly; give --from one of them",
        )
        archive = Path(made, "source.tar")
        _run(["git", "archive", "--output", str(archive), commit], repository, f"{commit} cannot be read")
        _run(["tar", "-xf", str(archive), "-C", str(source)], repository, f"{commit} cannot be unpacked")
        _run(
            ["cdk", "synth", "--quiet", "--no-validation", "--output", str(assembly)],
            source,
            f"{commit} cannot be synthesized with the libraries of this checkout",
        )
        yield assembly


def _run(command: list[str], folder: Path, otherwise: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    except FileNotFoundError:
        raise CostError(f"{command[0]} is not on the path; run this through make, which prepares it") from None
    except subprocess.TimeoutExpired:
        raise CostError(f"{otherwise}: no answer within {LONGEST_SECONDS} s") from None
    if done.returncode:
        raise CostError(f"{otherwise}: {(done.stderr or done.stdout).strip() or 'no reason given'}")
