"""The table of faults, `docs/FAULTS.md`: which integration test detects each, and after how many seconds.

A test in this folder causes one fault and names it with a mark. `recorder` runs the check, asserts its result and
measures the time::

    @pytest.mark.fault("a target is unhealthy", caught_by="test_targets_are_healthy")
    def test_unhealthy_target(recorder: Recorder) -> None:
        recorder.green(lambda: targets_are_healthy(healthy, ...))
        recorder.red(lambda: targets_are_healthy(unhealthy, ...), message="1 of 2 targets healthy")

    @pytest.mark.tolerated("AWS throttles the first calls", by="test_targets_are_healthy")
    def test_throttling(recorder: Recorder) -> None:
        recorder.green(lambda: targets_are_healthy(throttled, ...))

Parameters can have marks too: `pytest.param(..., marks=pytest.mark.fault("...", caught_by="..."))`. The name of a fault
is unique; `caught_by` is the name of a test in `integration_tests/`. `green` must come before `red`: it shows that the
check passes without the fault. The row's seconds are those of the last call. Keep deadlines short.

`make faults` runs the folder and writes the table, which the document's first part contains; `make mutants` writes the
second. Every run of the whole folder checks that the table has these rows.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import pytest

from integration_tests.failure import CheckFailed
from tests.paths import ROOT

TABLE = ROOT / "docs" / "FAULTS.md"
PROPERTY = "fault matrix"
END = "<!-- What `make faults` writes ends here. -->"
_HEADS = {
    "fault": ("| fault | detected by | seconds |", "Each of these must fail the tests with a message that names it:"),
    "tolerated": ("| circumstance | tolerated by | seconds |", "The tests must tolerate each of these:"),
}


@dataclass(frozen=True, kw_only=True, order=True)
class Row:
    """A row of the table."""

    kind: str
    """`fault` or `tolerated`."""
    by: str
    """The test in `integration_tests/` that detects or tolerates it."""
    name: str
    seconds: float = 0.0


class Recorder:
    """Runs a check, asserts that it passes or fails, and measures the time."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def red(self, check: Callable[[], object], *, message: str) -> str:
        """Assert that the check fails with a message that names the fault, of at most 30 lines; return the message."""
        assert self.seconds is not None, "call green first, to show that the check passes without the fault"
        start = time.monotonic()
        with pytest.raises(CheckFailed) as failure:
            check()
        self.seconds = time.monotonic() - start
        text = str(failure.value)
        assert message in text, text
        assert len(text.splitlines()) <= 30, text
        return text

    def green(self, check: Callable[[], object]) -> None:
        """Assert that the check passes."""
        start = time.monotonic()
        check()
        self.seconds = time.monotonic() - start


def row_of(item: pytest.Item) -> Row | None:
    """Return the row that a test's mark describes; None: it has no mark."""
    for kind, key in (("fault", "caught_by"), ("tolerated", "by")):
        mark = item.get_closest_marker(kind)
        if mark:
            return Row(kind=kind, name=mark.args[0], by=mark.kwargs[key])
    return None


def as_property(row: Row, seconds: float) -> tuple[str, object]:
    """Return the row as a property of its test's report, which pytest-xdist sends to the main process."""
    return PROPERTY, {**asdict(row), "seconds": seconds}


def rows_in(properties: Iterable[tuple[str, object]]) -> list[Row]:
    """Return the rows among the properties of a report."""
    return [Row(**value) for name, value in properties if name == PROPERTY and isinstance(value, dict)]


def updated(document: str, rows: Iterable[Row]) -> str:
    """Return the document with a new table, and with what follows the old one."""
    return table_of(rows) + END + (document.partition(END)[2] or "\n")


def table_of(rows: Iterable[Row]) -> str:
    """Return the table: faults first, then tolerated circumstances, sorted by test."""
    rows = list(rows)
    counts = Counter(row.kind for row in rows)
    lines = [
        "# Faults that the integration tests detect",
        "",
        f"`make faults` causes these {counts['fault']} faults and {counts['tolerated']} tolerable circumstances.",
        "It writes this part, which must not be edited, only if each fault was detected and each circumstance",
        "tolerated. Deadlines are short in these tests: the seconds show that a test fails at once when it can,",
        "and soon after its deadline when it must wait. `tests/integration_faults/http_behaviors.py` lists ways in",
        "which a load balancer and its tasks answer; the Synth action judges those too, without connections.",
    ]
    for kind, (head, title) in _HEADS.items():
        lines += ["", title, "", head, "|---|---|---:|"]
        lines += [f"| {row.name} | `{row.by}` | {row.seconds:.1f} |" for row in sorted(rows) if row.kind == kind]
    return "\n".join([*lines, "", ""])


def names_in(document: str) -> list[str]:
    """Return the names of the rows in the document's table."""
    table = document.partition(END)[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    return [name for name in rows if name not in ("fault", "circumstance")]
