"""Where a rehearsal writes its report and logs; two at once do not share it."""

import contextlib
from collections.abc import Generator
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.process.run_directory import MAX_REHEARSALS, acquire

LOCK = ".lock"


@contextlib.contextmanager
def output_directory(wanted: Path) -> Generator[Path, None, None]:
    """Create and lock `wanted` or, while another rehearsal writes there, `wanted/2` and so on.

    Raises RehearsalError if it cannot be written to, or if too many rehearsals are running.
    """
    with contextlib.ExitStack() as stack:
        for number in range(1, MAX_REHEARSALS + 1):
            directory = wanted if number == 1 else wanted / str(number)
            if _locked(directory, stack):
                yield directory
                return
    raise RehearsalError(f"{MAX_REHEARSALS} rehearsals write to {wanted}; wait for one to end")


@contextlib.contextmanager
def exclusive(directory: Path) -> Generator[None, None, None]:
    """Create and lock a folder that the user named; raises RehearsalError if another rehearsal writes there."""
    with contextlib.ExitStack() as stack:
        if not _locked(directory, stack):
            raise RehearsalError(
                f"--logs {directory}: another rehearsal is writing its logs there; name another folder"
            )
        yield


def _locked(directory: Path, stack: contextlib.ExitStack) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((directory / LOCK).open("a"))
    except OSError as error:
        raise RehearsalError(f"cannot write {error.filename}: {error.strerror}") from None
    return acquire(lock.fileno())
