"""What unit tests share."""

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.scratch_postgresql import Cluster


@pytest.fixture(scope="session")
def cluster() -> Generator[Cluster, None, None]:
    """Run a PostgreSQL for the tests that need a real one."""
    # pytest's own folders may be closed to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp())
    made = Cluster(folder)
    try:
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder)
