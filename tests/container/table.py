"""The table of scenarios in the container's document: written by a run of them, and compared with them by a test."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.paths import ROOT

DOCUMENT: Final = ROOT / "container" / "README.md"
BEGIN: Final = "<!-- scenarios: `make container-table` writes them -->"
END: Final = "<!-- end of scenarios -->"
HEAD: Final = """| what happens | without service | engine's start | at most, besides it | accepted | no answer |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
PROPERTY: Final = "scenario"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured of one scenario; times are in seconds."""

    name: str
    without_service: float
    engine_start: float
    limit: float | None
    """What may pass besides the engine's start; None where nothing is promised but an end."""
    accepted: int
    """Writes."""
    uncertain: int
    """Writes whose client got no answer that tells."""

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"{self.limit:.2f} s"
        return (
            f"| {self.name} | {self.without_service:.1f} s | {self.engine_start:.1f} s | {limit} |"
            f" {self.accepted} | {self.uncertain} |"
        )


def as_property(row: Row) -> tuple[str, object]:
    """Return a row as a test can hand it on."""
    return PROPERTY, json.dumps(dataclasses.asdict(row))


def rows_in(properties: Sequence[tuple[str, object]]) -> list[Row]:
    """Return the rows that a test has handed on."""
    return [Row(**json.loads(str(value))) for name, value in properties if name == PROPERTY]


def write(document: Path, rows: Sequence[Row]) -> None:
    """Put the rows into a document, in place of those it has."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    # In whatever order the files of tests have ended, what is all together comes last.
    lines = "".join(f"{row}\n" for row in sorted(rows, key=lambda row: row.limit is None))
    document.write_text(f"{before}{BEGIN}\n{HEAD}{lines}{END}{after}", encoding="utf-8")


def written(document: Path) -> list[tuple[str, str]]:
    """Return the name and the limit of each row that a document has."""
    _, _, rest = document.read_text(encoding="utf-8").partition(HEAD)
    cells = [[cell.strip() for cell in line.split("|")] for line in rest.partition(END)[0].splitlines()]
    return [(row[1], row[4]) for row in cells]
