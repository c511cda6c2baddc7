"""Expensive, read-only fixtures that all pytest-xdist workers share: the first worker creates them.

`make mutants` keeps them for the next mutants as well.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

_kept: list[Path] = []


def keep_in(folder: Path | None) -> None:
    """Create shared fixtures in this folder, and use those that an earlier run has left there."""
    _kept[:] = [folder] if folder else []


def shared_fixture(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` has filled, in this test run or before; `make` creates the folder it is given."""
    root = _kept[0] if _kept else factory.getbasetemp()
    if not _kept and "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, unfinished = root / name, root / f"{name}.unfinished"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
    return folder
