"""The cache of compiled Python of all builds, within a limit.

Python caches by the path of a source, so that each TMPDIR and each project adds files that nothing removes.
"""

import contextlib
import shutil
import subprocess
import uuid
from pathlib import Path

FOLDER = "bytecode"
"""Its name in the cache of all rehearsals; the value of `PYTHONPYCACHEPREFIX`."""
MOST_BYTES = 1024**3
"""The size at which the cache is emptied; builds of this project, with the CDK library, fill 0.1 GB."""
MEASURE_SECONDS = 10.0
_REMOVED = "removed-bytecode-"


def limit(cache: Path) -> None:
    """Empty the folder if it is too large. Builds that are running compile again what they still need."""
    if _bytes(cache / FOLDER) > MOST_BYTES:
        # Another rehearsal may have been faster.
        with contextlib.suppress(OSError):
            (cache / FOLDER).rename(cache / f"{_REMOVED}{uuid.uuid4()}")
    # Also those of a rehearsal that was killed meanwhile.
    for removed in cache.glob(f"{_REMOVED}*"):
        shutil.rmtree(removed, ignore_errors=True)


def _bytes(path: Path) -> int:
    """Return the size of a folder on disk; 0 if it is not there or cannot be measured in time."""
    try:
        done = subprocess.run(
            ["du", "-sk", str(path)], capture_output=True, text=True, check=False, timeout=MEASURE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    size = done.stdout.split("\t")[0]
    return int(size) * 1024 if size.isdecimal() else 0
