"""What is written from the code, written anew: in one clone, with one synthesis, for all documents and pictures."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.fresh_clone import stranger
from tests.shared_fixture import made_once

WRITING = {
    "make docs": "drawn: docs/pictures/environment-dashboard.svg",
    "make cost": "In total, dollars a month",
}
"""Commands that write or print what is synthesized, each with a line of its output."""


@dataclass(frozen=True)
class Written:
    """A clone in which everything has been written anew."""

    clone: Path
    said: dict[str, str]
    """By command."""
    out_of_date: list[str]
    """What of the clone differs now from what was committed, as Git tells it."""

    @property
    def assembly(self) -> Path:
        """What all of it was written from."""
        return self.clone / "cdk.out"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A fresh clone, in which one command after another was run."""

    def write(folder: Path) -> None:
        folder.mkdir()
        somebody = stranger(folder)
        said = {}
        for command in WRITING:
            done = somebody.run(command)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            said[command] = done.stdout
        (folder / "said.json").write_text(json.dumps(said))
        (folder / "out-of-date.txt").write_text(somebody.run("git status --porcelain").stdout)

    folder = made_once(tmp_path_factory, "written", write)
    return Written(
        clone=folder / "clone",
        said=json.loads((folder / "said.json").read_text()),
        out_of_date=(folder / "out-of-date.txt").read_text().splitlines(),
    )
