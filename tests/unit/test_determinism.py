"""What changes an assembly, and what must not."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from settings import Settings
from tests.example import EXAMPLE
from tests.unit.other_settings import synthesize

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

ROOT = Path(__file__).parents[2]
DEPLOYED = ("*.template.json", "*.assets.json", "*.template.json.config.json", "buildspec-*.yaml")
"""What of an assembly reaches AWS; the rest describes how it was made."""


def deployed(folder: Path) -> dict[str, bytes]:
    """Read what a deployment would use, by path in the assembly."""
    files = [file for pattern in DEPLOYED for file in folder.rglob(pattern)]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_another_process_makes_the_same_assembly_byte_by_byte(assembly: "CloudAssembly", tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    subprocess.run(
        [sys.executable, "-m", "bench.synthesize", "3", str(tmp_path), "--settings", str(EXAMPLE)],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
        check=True,
    )
    first, second = deployed(Path(assembly.directory)), deployed(tmp_path)
    assert len(first) > 40
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []


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
    image = settings.image.model_copy(update={"uri": settings.image.uri.replace(":6.1.0", ":6.1.1")})
    changed = settings.model_copy(update={"environments": environments, "image": image})
    folder = tmp_path_factory.mktemp("another-release")
    synthesize(changed, folder)
    return deployed(folder)


def test_a_change_of_the_application_changes_nothing_in_the_pipeline(
    assembly: "CloudAssembly", another_release: dict[str, bytes]
) -> None:
    first = deployed(Path(assembly.directory))
    changed = {path for path in first if first[path] != another_release.get(path)}
    assert changed
    assert all(path.startswith("assembly-yawl-delivery-") for path in changed), changed
    for environment in ("Dev", "Staging", "Prod"):
        assert any(f"{environment}application" in path for path in changed)
