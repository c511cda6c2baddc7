"""What unit tests share."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.fixture
def task_folder() -> Generator[Path, None, None]:
    """A folder with a short path, wherever temporary files are kept: a task has sockets in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)
