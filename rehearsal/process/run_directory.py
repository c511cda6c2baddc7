"""The directory a rehearsal works in. Its path stays the same, so that bytecode compiled for it is found again."""

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
"""What rehearsals share, below the user's home."""
MAX_REHEARSALS = 16
"""How many can run at the same time."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - each rehearsal creates its own directory there, with mode 0700
MEMORY_INFO = Path("/proc/meminfo")
REQUIRED_BYTES = 4 * 1024**3
"""Free memory that a rehearsal needs to work in it. Three of this project at the same time took 0.3 GB."""


def temporary_root() -> Path:
    """Return where temporary files go: TMPDIR if it is set, else memory if enough is free, else the system's default.

    Builds write and remove tens of thousands of small files.
    """
    if os.environ.get("TMPDIR") or not _has_room(SHARED_MEMORY):
        return Path(tempfile.gettempdir())
    return SHARED_MEMORY


@contextlib.contextmanager
def run_directory() -> Generator[Path, None, None]:
    """Create an empty directory that only this user can enter; remove it afterwards.

    Its path is the first of a few that no running rehearsal uses. Python caches bytecode by source path: under a new
    path it would compile everything again and keep the result indefinitely. The system releases the lock of a killed
    rehearsal; the next rehearsal removes its directory. Raises RehearsalError if no path is available.
    """
    locks = Path.home() / CACHE
    locks.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(locks)
    for number in range(MAX_REHEARSALS):
        with (locks / _numbered("lock", number)).open("a+") as lock:
            directory = _create(number) if _acquire(lock.fileno()) else None
            if directory is None:
                continue
            lock.truncate(0)
            lock.write(str(directory))
            lock.flush()
            try:
                yield directory
            finally:
                shutil.rmtree(directory, ignore_errors=True)
            return
    raise RehearsalError(
        f"{MAX_REHEARSALS} rehearsals are running, or no directory can be created in {temporary_root()}; "
        "wait for one to end, or set TMPDIR"
    )


def _remove_abandoned(locks: Path) -> None:
    """Remove the directories of killed rehearsals; each lock file names its own, which may be below another root."""
    for file in locks.glob("lock*"):
        with file.open() as lock:
            if _acquire(lock.fileno()):
                shutil.rmtree(lock.read(), ignore_errors=True)


def _has_room(directory: Path) -> bool:
    try:
        found = os.statvfs(directory)
        [memory] = re.findall(r"MemAvailable: +(\d+) kB", MEMORY_INFO.read_text())
    except (OSError, ValueError):
        return False
    # Some containers mount it noexec.
    may_run = not found.f_flag & os.ST_NOEXEC
    return may_run and min(found.f_bavail * found.f_frsize, int(memory) * 1024) >= REQUIRED_BYTES


def _acquire(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _numbered(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def _owner() -> str:
    """Return a name for the user and their home, because the locks that protect the directory are in that home."""
    return hashlib.sha256(f"{os.getuid()} {Path.home()}".encode()).hexdigest()[:8]


def _create(number: int) -> Path | None:
    """Create the directory, empty; return None if something that we cannot remove has its name."""
    directory = temporary_root() / _numbered(f"rehearsal-{_owner()}", number)
    shutil.rmtree(directory, ignore_errors=True)
    try:
        directory.mkdir(mode=0o700)
    except OSError:
        return None
    return directory
