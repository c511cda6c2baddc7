"""What unit tests share."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from settings import Settings
from tests.unit.built_image import path_without_docker
from tests.unit.other_settings import Synthesized, elsewhere, small, synthesize


@pytest.fixture(scope="session")
def app_elsewhere(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Synthesize the app of dev and prod with other settings, where there is no Docker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_without_docker(tmp_path_factory.mktemp("bin")))
        return synthesize(elsewhere(settings), tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def small_app(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Synthesize the app of dev with other settings."""
    return synthesize(small(settings), tmp_path_factory.mktemp("small"))


@pytest.fixture
def task_folder() -> Generator[Path, None, None]:
    """A folder with a short path, wherever temporary files are kept: a task has sockets in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)
