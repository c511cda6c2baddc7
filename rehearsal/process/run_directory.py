"""The directory a rehearsal works in. Its path stays the same, so that cached bytecode can be reused."""

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
from rehearsal.process import bytecode

HOME_CACHE = ".cache/rehearsal"
"""Files shared by all rehearsals, relative to the user's home."""
MAX_REHEARSALS = 16
"""How many rehearsals can run at the same time."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - each rehearsal creates its own directory there, with mode 0700
MEMORY_INFO = Path("/proc/meminfo")
REQUIRED_BYTES = 4 * 1024**3
"""Free memory required to work in memory. Three simultaneous rehearsals of this project used 0.3 GB."""


def temporary_root() -> Path:
    """Return the parent of the run directory: TMPDIR if set, else memory if enough is free, else the system's default.

    Memory is faster: builds write and remove tens of thousands of small files.
    """
    if os.environ.get("TMPDIR") or not _has_room(SHARED_MEMORY):
        return Path(tempfile.gettempdir())
    return SHARED_MEMORY


def cache() -> Path:
    """Return the folder of files that rehearsals share: below the home folder or, if that is read-only, in TMPDIR.

    Raises RehearsalError if neither can be written to.
    """
    with contextlib.suppress(RuntimeError):
        # Path.home() raises it for a user without a home folder.
        if _is_own(folder := Path.home() / HOME_CACHE):
            return folder
    if _is_own(folder := Path(tempfile.gettempdir(), f"rehearsal-cache-{os.getuid()}")):
        return folder
    raise RehearsalError(f"cannot write to {folder}, nor to the home folder; set TMPDIR to a folder of your own")


def _is_own(folder: Path) -> bool:
    """Create the folder if necessary; return whether this user owns it and can write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.access(folder, os.W_OK | os.X_OK) and folder.stat().st_uid == os.getuid()
    except OSError:
        return False


@contextlib.contextmanager
def run_directory() -> Generator[Path, None, None]:
    """Create an empty directory that only this user can enter; remove it afterwards.

    Uses the first of MAX_REHEARSALS fixed paths that is free. Python caches bytecode by source path: with a new path
    each time, it would recompile everything. If a rehearsal is killed, the system
    releases its lock, and the next rehearsal removes its directory. Raises RehearsalError if no path is available.
    """
    locks = cache()
    bytecode.limit(locks)
    _remove_abandoned(locks)
    for number in range(MAX_REHEARSALS):
        with (locks / _numbered("lock", number)).open("a+") as lock:
            directory = _create(number) if acquire(lock.fileno()) else None
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
    """Remove the directories of killed rehearsals. Each lock file holds the path, because TMPDIR may have changed."""
    for file in locks.glob("lock*"):
        with file.open() as lock:
            if acquire(lock.fileno()):
                shutil.rmtree(lock.read(), ignore_errors=True)


def _has_room(directory: Path) -> bool:
    try:
        found = os.statvfs(directory)
        [memory] = re.findall(r"MemAvailable: +(\d+) kB", MEMORY_INFO.read_text())
    except (OSError, ValueError):
        return False
    # Some containers mount shared memory noexec.
    may_run = not found.f_flag & os.ST_NOEXEC
    return may_run and min(found.f_bavail * found.f_frsize, int(memory) * 1024) >= REQUIRED_BYTES


def acquire(lock: int) -> bool:
    """Lock an open file, until this process ends, without waiting; return False if another process has locked it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _numbered(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def _owner() -> str:
    """Return an id of the user and their cache, which holds the locks."""
    return hashlib.sha256(f"{os.getuid()} {cache()}".encode()).hexdigest()[:8]


def _create(number: int) -> Path | None:
    """Create an empty directory; return None if an existing one cannot be removed."""
    directory = temporary_root() / _numbered(f"rehearsal-{_owner()}", number)
    shutil.rmtree(directory, ignore_errors=True)
    try:
        directory.mkdir(mode=0o700)
    except OSError:
        return None
    return directory
