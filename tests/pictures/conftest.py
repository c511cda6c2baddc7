"""What is synthesized once for all pictures."""

import shutil
from pathlib import Path

import pytest

from tests.synthesis.cdk import ROOT, cdk


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app as the settings at the top of the repository make it now."""
    folder = tmp_path_factory.mktemp("pictures")
    for file in ("cdk.json", "delivery.toml"):
        shutil.copy(ROOT / file, folder)
    done = cdk("synth", "--quiet", "--no-validation", "--app", f"python {ROOT}/pipeline_app.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "cdk.out"
