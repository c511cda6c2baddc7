"""What these tests share: one full synthesis, validators and rule pack included."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.example import EXAMPLE
from tests.synthesis.cdk import synth


@dataclass(frozen=True)
class Synthesis:
    """What `cdk synth` did."""

    process: subprocess.CompletedProcess[str]
    folder: Path

    @property
    def templates(self) -> list[Path]:
        """Every template of the assembly."""
        return sorted(self.folder.rglob("*.template.json"))


@pytest.fixture(scope="session")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Synthesize the configuration that tests know, once."""
    folder = tmp_path_factory.mktemp("synthesis")
    return Synthesis(synth(folder, EXAMPLE.read_text()), folder / "cdk.out")
