"""Shared fixture: one full synthesis with validators and rule packs."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.example import EXAMPLE
from tests.shared_fixture import shared_fixture
from tests.synthesis.cdk import synth


@dataclass(frozen=True)
class Synthesis:
    """The result of `cdk synth`."""

    output: str
    """Standard output and standard error."""
    folder: Path

    @property
    def templates(self) -> list[Path]:
        """Every template of the assembly."""
        return sorted(self.folder.rglob("*.template.json"))


@pytest.fixture(scope="session")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Synthesize the tests' settings once, and expect success."""

    def synthesize(folder: Path) -> None:
        folder.mkdir()
        process = synth(folder, EXAMPLE.read_text())
        assert process.returncode == 0, process.stderr
        (folder / "said.txt").write_text(process.stdout + process.stderr)

    folder = shared_fixture(tmp_path_factory, "synthesis", synthesize)
    return Synthesis((folder / "said.txt").read_text(), folder / "cdk.out")
