"""What unit tests share."""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from settings import Settings
from tests.unit.other_settings import Synthesized, elsewhere, small, synthesize


@pytest.fixture(scope="session")
def app_elsewhere(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Synthesize the app of dev and prod with other settings, under the rule packs, where there is no Docker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_without_docker(tmp_path_factory.mktemp("bin")))
        return synthesize(elsewhere(settings), tmp_path_factory.mktemp("elsewhere"), rule_packs=True)


@pytest.fixture(scope="session")
def small_app(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Synthesize the app of dev with other settings, under the rule packs."""
    return synthesize(small(settings), tmp_path_factory.mktemp("small"), rule_packs=True)


def path_without_docker(folder: Path) -> str:
    """Return a search path on which whatever is called docker fails."""
    docker = folder / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def task_folder() -> Generator[Path, None, None]:
    """A folder with a short path, wherever temporary files are kept: a task has sockets in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)
