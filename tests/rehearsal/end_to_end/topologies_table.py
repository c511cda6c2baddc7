"""The table of rehearsed topologies, `docs/TOPOLOGIES.md`, which `make rehearse-topologies` writes."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis.topologies import REHEARSED, TOPOLOGIES

PROPERTY = "rehearsed topology"

_PREFACE = """\
# Rehearsed topologies

`make rehearse-topologies` writes this file; do not edit it. The last run ended on {day}.

Each row is a `delivery.toml` of its own, from `tests/synthesis/topologies.py`. On an emulated AWS, its pipeline is
installed, updates itself and delivers a commit to the last environment, with every approval given: reviews, stacks,
integration tests and bakes. Permissions and names are enforced as on AWS, and no call was refused. The Synth action
copies an assembly that was synthesized before, and builds install nothing. [LIMITS.md](LIMITS.md) lists the emulator's
limits.

`make test` synthesizes the {accepted} topologies that the settings accept, and compares the messages about the
{refused} that they refuse.

| topology | environments | stacks | seconds |
|---|---|---:|---:|
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A topology that was delivered."""

    name: str
    environments: str
    """With their regions."""
    stacks: int
    """Of the environments."""
    seconds: float


class TopologiesTable:
    """Writes the document when all tests have passed; with pytest-xdist, in the main process."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the rows of tests that passed."""
        if report.when == "call" and report.passed:
            found: list[Any] = [row for name, row in report.user_properties if name == PROPERTY]
            self.rows += [Row(**row) for row in found]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the document, unless a test failed or this is a worker."""
        if self.rows and not session.testsfailed and not hasattr(session.config, "workerinput"):
            self.file.write_text(document(self.rows, datetime.datetime.now(datetime.UTC).date()), encoding="utf-8")


def document(rows: list[Row], day: datetime.date) -> str:
    """Return the document as Markdown, with the rows in the table's order."""
    accepted = sum(not topology.refused for topology in TOPOLOGIES)
    order = [topology.name for topology in TOPOLOGIES]
    preface = _PREFACE.format(day=day.isoformat(), accepted=accepted, refused=len(TOPOLOGIES) - accepted)
    ordered = sorted(rows, key=lambda row: order.index(row.name))
    table = "".join(f"| {row.name} | {row.environments} | {row.stacks} | {row.seconds:.0f} |\n" for row in ordered)
    missing = ", ".join(one.name for one in REHEARSED if one.name not in {row.name for row in rows})
    return preface + table + (f"\n**Not rehearsed in this run:** {missing}.\n" if missing else "")
