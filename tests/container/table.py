"""The table of scenarios in the container's document: written by a run, and compared with the scenarios by a test."""

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
    """Measurements of one scenario; times are in seconds."""

    name: str
    without_service: float
    engine_start: float
    limit: float | None
    """Limit in addition to the engine's start; None if only recovery is guaranteed."""
    accepted: int
    """Writes."""
    uncertain: int
    """Writes with an uncertain outcome."""

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"{self.limit:.2f} s"
        return (
            f"| {self.name} | {self.without_service:.1f} s | {self.engine_start:.1f} s | {limit} |"
            f" {self.accepted} | {self.uncertain} |"
        )


def as_property(row: Row) -> tuple[str, object]:
    """Return a row as a property of a test's report."""
    return PROPERTY, json.dumps(dataclasses.asdict(row))


def rows_in(properties: Sequence[tuple[str, object]]) -> list[Row]:
    """Return the rows among the properties of a test's report."""
    return [Row(**json.loads(str(value))) for name, value in properties if name == PROPERTY]


def write(document: Path, rows: Sequence[Row]) -> None:
    """Replace the rows in a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    # The order of the test files varies; the total comes last.
    lines = "".join(f"{row}\n" for row in sorted(rows, key=lambda row: row.limit is None))
    document.write_text(f"{before}{BEGIN}\n{HEAD}{lines}{END}{after}", encoding="utf-8")


def written(document: Path) -> list[tuple[str, str]]:
    """Return the name and limit of each row in a document."""
    _, _, rest = document.read_text(encoding="utf-8").partition(HEAD)
    cells = [[cell.strip() for cell in line.split("|")] for line in rest.partition(END)[0].splitlines()]
    return [(row[1], row[4]) for row in cells]
