"""The lines of a metric widget, with their values, by CloudWatch's rules.

"Dashboard body structure and syntax" (CloudWatch API) says: with `periodOverride` auto, which is the default, the
periods of graphs follow from the time shown, and only with inherit from the widgets. It does not say which periods
those are. An `end` is an absolute time; without it a widget ends now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cloud_assembly import UserError
from tools.diagrams.dashboards.body import Body, Widget, hours
from tools.diagrams.dashboards.metric_math import evaluate
from tools.diagrams.dashboards.series import Series, sample

NOW: Final = 1_795_435_200
"""The time of the pictures, in seconds since 1970: Monday, 2026-11-23, 12:00 UTC."""
DEFAULT_PERIOD: Final = 300
DEFAULT_STATISTIC: Final = "Average"
AUTO: Final = (60, 300, 900, 3_600, 21_600, 86_400)
"""Periods that CloudWatch may choose: here the first one that gives few enough values."""
MOST_VALUES: Final = 500
DURATIONS: Final = frozenset(("Average", "Maximum", "Minimum"))
STATISTICS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "AWS/CodeBuild": {
        "Builds": frozenset(("Sum",)),
        "Duration": DURATIONS,
        "FailedBuilds": frozenset(("Sum",)),
        "QueuedDuration": DURATIONS,
    }
}
"""Valid statistics, where a metric's documentation names them (CodeBuild User Guide, "CloudWatch metrics")."""


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
    side: str
    """The axis: left or right."""

    @property
    def latest(self) -> float | None:
        """The last value, or None if there is none."""
        return next((value for value in reversed(self.values) if value is not None), None)


def lines(widget: Widget, body: Body) -> list[Line]:
    """Return the visible lines of a widget over the time that it shows; raises UserError."""
    properties = widget.properties
    rows = _whole_rows(properties["metrics"])
    shown = int(3600 * (hours(properties["start"]) if "start" in properties else body.hours))
    if properties.get("end", "").startswith(("P", "-P")):
        raise UserError(
            f"The widget {properties['title']!r} ends at {properties['end']}, which is not a time. Omit end."
        )
    whole = shown if properties.get("setPeriodToTimeRange") else None
    auto = next((one for one in AUTO if shown <= one * MOST_VALUES), AUTO[-1])
    chosen = auto if body.period_override == "auto" else None
    found: list[Line] = []
    for names, options in rows:
        if options.get("visible", True):
            period = whole or chosen or options.get("period") or properties.get("period") or DEFAULT_PERIOD
            times = [NOW - period * back for back in reversed(range(max(1, shown // period)))]
            values = _values(rows, names, options, period, times)
            label, side = options.get("label") or names[1], options.get("yAxis", "left")
            found.append(Line(label, period, times, values, options.get("color"), side))
    return found


def _values(
    rows: Sequence[tuple[list[str], Mapping[str, Any]]],
    names: Sequence[str],
    options: Mapping[str, Any],
    period: int,
    times: Sequence[int],
) -> Series:
    if names:
        namespace, metric, *pairs = names
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        statistic = options.get("stat", DEFAULT_STATISTIC)
        valid = STATISTICS.get(namespace, {}).get(metric, frozenset((statistic,)))
        if statistic not in valid:
            raise UserError(
                f"{statistic} is no documented statistic of {namespace} {metric}: {', '.join(sorted(valid))}"
            )
        return sample(metric, dimensions, statistic, period=period, times=times)
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
