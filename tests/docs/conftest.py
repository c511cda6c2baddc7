"""Regenerates all documents and pictures, in one clone and with one synthesis."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.fresh_clone import make_fresh_clone
from tests.shared_fixture import shared_fixture

GENERATORS = {
    "make docs": "drawn: docs/pictures/environment-dashboard.svg",
    "make cost": "Estimated cost, USD per month",
}
"""Commands that generate documents, each with a line of its output."""


@dataclass(frozen=True)
class Regenerated:
    """A clone after all generators have run."""

    clone: Path
    output: dict[str, str]
    """By command."""
    out_of_date: list[str]
    """Committed files that the generators changed, as `git status` prints them."""

    @property
    def assembly(self) -> Path:
        """The assembly from which the documents were generated."""
        return self.clone / "cdk.out"


@pytest.fixture(scope="session")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Regenerated:
    """A fresh clone in which every generator has run."""

    def write(folder: Path) -> None:
        folder.mkdir()
        clone = make_fresh_clone(folder)
        output = {}
        for command in GENERATORS:
            done = clone.run(command)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            output[command] = done.stdout
        (folder / "output.json").write_text(json.dumps(output))
        (folder / "out-of-date.txt").write_text(clone.run("git status --porcelain").stdout)

    folder = shared_fixture(tmp_path_factory, "regenerated", write)
    return Regenerated(
        clone=folder / "clone",
        output=json.loads((folder / "output.json").read_text()),
        out_of_date=(folder / "out-of-date.txt").read_text().splitlines(),
    )
