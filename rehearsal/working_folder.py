"""Where a rehearsal works: in the same folder each time, so that what was compiled for it can be found again."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

from rehearsal.errors import RehearsalError

CACHE = ".cache/rehearsal"
"""What rehearsals keep from one to the next, in the user's folder."""
AT_ONCE = 16
"""How many rehearsals may be under way at a time."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - each rehearsal makes a folder of its own there that nobody else may enter
MEMORY = Path("/proc/meminfo")
ROOM_BYTES = 4 * 1024**3
"""What must be free for a rehearsal to work in memory. Three of this project at a time were seen to take 0.3 GB."""


def temporary_root() -> Path:
    """Choose where temporary files go: where TMPDIR says, else in memory if there is plenty, else the usual place.

    Builds write and remove tens of thousands of small files that nobody wants to keep.
    """
    if os.environ.get("TMPDIR") or not _has_room(SHARED_MEMORY):
        return Path(tempfile.gettempdir())
    return SHARED_MEMORY


@contextlib.contextmanager
def working_folder() -> Generator[tuple[Path, int], None, None]:
    """Give an empty folder of the user's own, and the lock on it as an open file; remove the folder afterwards.

    Its path is one of a few, the first that no other rehearsal has: Python keeps bytecode by a source's path, and would
    compile all of it again, and keep it for good, under a path that is new. Whoever has the lock open still needs the
    folder.
    """
    locks = Path.home() / CACHE
    locks.mkdir(parents=True, exist_ok=True)
    for number in range(AT_ONCE):
        with (locks / _numbered("lock", number)).open("w") as held:
            folder = _usual_folder(number) if _take(held.fileno()) else None
            if folder is None:
                continue
            try:
                yield folder, held.fileno()
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return
    raise RehearsalError(
        f"{AT_ONCE} rehearsals are under way, or {temporary_root()} lets no folder be made; wait for one to end"
    )


def _has_room(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
        [memory] = re.findall(r"MemAvailable: +(\d+) kB", MEMORY.read_text())
    except (OSError, ValueError):
        return False
    # Some containers let nothing be run from there.
    may_run = not found.f_flag & os.ST_NOEXEC
    return may_run and min(found.f_bavail * found.f_frsize, int(memory) * 1024) >= ROOM_BYTES


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _numbered(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def _owner() -> str:
    """Return a word for the user, by whose home folder the locks are: with another one, other locks would be taken."""
    return hashlib.sha256(f"{os.getuid()} {Path.home()}".encode()).hexdigest()[:8]


def _usual_folder(number: int) -> Path | None:
    """Make the folder anew; None if something that is not ours to remove is in its place."""
    folder = temporary_root() / _numbered(f"rehearsal-{_owner()}", number)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError:
        return None
    return folder
