"""Tests which inputs change an assembly and which do not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from settings import ImageSettings, Settings
from tests.example import EXAMPLE
from tests.paths import ROOT
from tests.unit.other_settings import synthesize

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DEPLOYED = ("*.template.json", "*.assets.json", "*.template.json.config.json", "buildspec-*.yaml")
"""The files of an assembly that reach AWS; the others describe how it was made."""


def deployed(folder: Path) -> dict[str, bytes]:
    """Read what a deployment would use, by path in the assembly."""
    files = [file for pattern in DEPLOYED for file in folder.rglob(pattern)]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module", autouse=True)
def other_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start another synthesis in parallel, with another hash seed, time zone and variables."""
    folder = tmp_path_factory.mktemp("other-process")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "tools.bench.synthesize", "3", str(folder), "--settings", str(EXAMPLE)]
    different = {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    with subprocess.Popen(command, cwd=ROOT, env={**environment, **different}) as process:
        yield process, folder


@pytest.fixture(scope="module")
def another_release(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Synthesize with another image and other sizes everywhere."""
    environments = {
        name: environment.model_copy(
            update={
                "tasks": environment.tasks.model_copy(update={"heap": "1200m", "max": 5, "log_level": "DEBUG"}),
                "database": environment.database.model_copy(update={"instance_class": "db.t3.medium"}),
            }
        )
        for name, environment in settings.environments.items()
    }
    image = ImageSettings(uri="111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.1")
    changed = settings.model_copy(update={"environments": environments, "image": image})
    folder = tmp_path_factory.mktemp("another-release")
    synthesize(changed, folder)
    return deployed(folder)


def test_application_change_does_not_change_the_pipeline(
    assembly: "CloudAssembly", another_release: dict[str, bytes]
) -> None:
    first = deployed(Path(assembly.directory))
    changed = {path for path in first if first[path] != another_release.get(path)}
    assert changed
    assert all(path.startswith("assembly-yawl-delivery-") for path in changed), changed
    for environment in ("Dev", "Staging", "Prod"):
        assert any(f"{environment}application" in path for path in changed)


def test_synthesis_is_deterministic(
    assembly: "CloudAssembly", other_process: tuple[subprocess.Popen[bytes], Path]
) -> None:
    process, folder = other_process
    assert process.wait() == 0
    first, second = deployed(Path(assembly.directory)), deployed(folder)
    assert len(first) > 40
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []
