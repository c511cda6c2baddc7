"""The lines of a metric widget, with their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tools.diagrams.dashboards.body import Widget
from tools.diagrams.dashboards.metric_math import evaluate
from tools.diagrams.dashboards.series import Series, sample

NOW: Final = 1_795_435_200
"""The time of the pictures, in seconds since 1970: Monday, 2026-11-23, 12:00 UTC."""
DEFAULT_PERIOD: Final = 300
DEFAULT_STATISTIC: Final = "Average"


@dataclass(frozen=True)
class Line:
    """A line of a graph, or a number."""

    label: str
    period: int
    """Seconds between two values."""
    times: Sequence[int]
    """When each period ends, in seconds since 1970."""
    values: Series
    color: str | None

    @property
    def latest(self) -> float | None:
        """The last value, or None if there is none."""
        return next((value for value in reversed(self.values) if value is not None), None)


def lines(widget: Widget, *, hours: float) -> list[Line]:
    """Return the visible lines of a widget over the last `hours`; raises UserError."""
    rows = _whole_rows(widget.properties["metrics"])
    whole = int(hours * 3600) if widget.properties.get("setPeriodToTimeRange") else None
    found: list[Line] = []
    for names, options in rows:
        if options.get("visible", True):
            period = whole or options.get("period", DEFAULT_PERIOD)
            times = [NOW - period * back for back in reversed(range(max(1, int(hours * 3600 / period))))]
            values = _values(rows, names, options, period, times)
            found.append(Line(options.get("label") or names[1], period, times, values, options.get("color")))
    return found


def _values(
    rows: Sequence[tuple[list[str], Mapping[str, Any]]],
    names: Sequence[str],
    options: Mapping[str, Any],
    period: int,
    times: Sequence[int],
) -> Series:
    if names:
        _, metric, *pairs = names
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        return sample(metric, dimensions, options.get("stat", DEFAULT_STATISTIC), period=period, times=times)
    by_id = {
        other["id"]: _values(rows, its_names, other, period, times)
        for its_names, other in rows
        if "id" in other and _mentions(options["expression"], other["id"])
    }
    return evaluate(options["expression"], by_id, period=period, times=times)


def _mentions(expression: str, name: str) -> bool:
    words = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in expression).split()
    return name in words


def _whole_rows(rows: Sequence[Sequence[Any]]) -> list[tuple[list[str], Mapping[str, Any]]]:
    """Return names and options of every row. A dot repeats the name in the row before."""
    found: list[tuple[list[str], Mapping[str, Any]]] = []
    before: list[str] = []
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        names = [str(part) for part in row if not isinstance(part, dict)]
        names = [before[at] if part == "." else part for at, part in enumerate(names)]
        before = names or before
        found.append((names, options))
    return found
