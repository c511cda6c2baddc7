"""Where a rehearsal works: in the same folder each time, so that what was compiled for it can be found again."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

CACHE = ".cache/rehearsal"
"""What rehearsals keep from one to the next, in the user's folder."""


@contextlib.contextmanager
def working_folder() -> Iterator[tuple[Path, int]]:
    """Give an empty folder of the user's own, and the lock on it as an open file; remove the folder afterwards.

    Its path is the same for every rehearsal, unless another one is under way: Python keeps bytecode by a source's path.
    Whoever has the lock open still needs the folder.
    """
    lock = Path.home() / CACHE / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        folder = _usual_folder() if _take(held.fileno()) else None
        folder = folder or Path(tempfile.mkdtemp(prefix="rehearsal-"))
        try:
            yield folder, held.fileno()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _usual_folder() -> Path | None:
    """Make the folder anew; None if something that is not ours to remove is in its place."""
    folder = Path(tempfile.gettempdir()) / f"rehearsal-{os.getuid()}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError:
        return None
    return folder
