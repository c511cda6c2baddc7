"""Draws graphs of lines or bars over time. Each series is one short path."""

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, groupby, pairwise
from typing import Any, Final

from tools.diagrams import palette
from tools.diagrams.dashboards.body import Widget
from tools.diagrams.dashboards.metric_widget import Line
from tools.diagrams.picture import number

DAY_SECONDS: Final = 86_400
LEFT: Final = 46
RIGHT: Final = 14
RIGHT_AXIS: Final = 46
"""The space at the right where there is a second axis."""
TOP: Final = 24
BOTTOM: Final = 24
LEGEND_ROW: Final = 18
LEGEND_LEFT: Final = 12
PIECES: Final = 3
"""The number of intervals on the time axis."""
MOST_STEPS: Final = 5
"""The largest number of intervals on the value axis."""
MOST_POINTS: Final = 44
"""The largest number of points in a line. Of more, the highest of neighbours are drawn, to keep the peaks."""
LONGEST_NAME: Final = 26
MOST_NAMES: Final = 9
"""The largest number of names in a legend."""
CHARACTER: Final = 5.6
"""The average width of a letter in a legend."""
LINE: Final = 'stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"'
UNITS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
LINES: Final = ("#2456c8", "#9a4a00", "#0f6b57", "#a3224f", "#5b3fa8", "#3c6a12", "#00687f", "#7b4b1f")
NAMED_COLORS: Final[Mapping[str, str]] = {
    "#2ca02c": "#0f6b57",
    "#d62728": "#a3224f",
    "#ff7f0e": "#9a4a00",
    "#7f7f7f": "#8a95a5",
}
"""CloudWatch's colours, with replacements that are legible in light and dark colour schemes."""


def chart(widget: Widget, lines: Sequence[Line], *, width: int, height: int) -> str:
    """Return the graph of a widget as SVG elements, one on each line."""
    return "\n".join(_Chart(widget, lines, width, height).elements())


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """A value axis: its interval, its lowest and its highest value."""

    step: float
    low: float
    high: float
    bottom: int
    label: str

    @classmethod
    def of(
        cls,
        axis: Mapping[str, Any],
        series: Sequence[Sequence[float | None]],
        limits: Sequence[float],
        *,
        stacked: bool,
        bottom: int,
    ) -> "_Scale":
        """Return the axis for series and limits."""
        known = [[value or 0 for value in values] for values in series]
        drawn = (sum(column) for column in zip(*known, strict=True)) if stacked else chain(*known)
        values: list[float] = [*drawn, *limits]
        low, high = axis.get("min", min(0, *values)), axis.get("max", max(values))
        least = (high - low or MOST_STEPS) / MOST_STEPS
        power = 10 ** math.floor(math.log10(least))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)
        high = axis.get("max", low + step * max(1, math.ceil((high - low) / step - 0.001)))
        return cls(step=step, low=low, high=high, bottom=bottom, label=axis.get("label", ""))

    def y(self, value: float) -> int:
        """Return the height of a value."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.bottom - share * (self.bottom - TOP))

    def marks(self) -> list[float]:
        """Return the values with a mark."""
        count = math.floor((self.high - self.low) / self.step + 0.001)
        return [self.low + self.step * at for at in range(count + 1)]


class _Chart:
    def __init__(self, widget: Widget, lines: Sequence[Line], width: int, height: int) -> None:
        self._properties = widget.properties
        self._stacked = bool(widget.properties.get("stacked"))
        self._lines = lines
        self._width = width
        self._height = height
        names = lines[:MOST_NAMES] if len(lines) > 1 else []
        self._legend = _legend([_short(line.label) for line in names], width)
        rows = self._legend[-1][0] + 1 if self._legend else 0
        self._bottom = height - BOTTOM - LEGEND_ROW * rows
        self._limits = widget.properties.get("annotations", {}).get("horizontal", [])
        axes = widget.properties.get("yAxis", {})
        sides = {
            side: [line for line in lines if line.side == side]
            for side in ("left", "right")
            if side == "left" or any(line.side == side for line in lines)
        }
        self._scales = {
            side: _Scale.of(
                axes.get(side, {}),
                [line.values for line in of_side],
                [limit["value"] for limit in self._limits if limit.get("yAxis", "left") == side],
                stacked=self._stacked,
                bottom=self._bottom,
            )
            for side, of_side in sides.items()
        }
        self._right = RIGHT_AXIS if "right" in self._scales else RIGHT

    def elements(self) -> Iterator[str]:
        yield self._grid()
        yield self._texts()
        yield from self._bars() if self._stacked else (f"<g {LINE}>", *self._paths(), "</g>")
        yield from map(self._limit, self._limits)
        if self._legend:
            yield self._names()

    def _grid(self) -> str:
        long = self._width - LEFT - self._right
        left = self._scales["left"]
        grid = "".join(f"M{LEFT} {left.y(mark)}h{long}" for mark in left.marks()[1:])
        ticks = "".join(f"M{self._mark_x(at)} {self._bottom}v4" for at in range(PIECES + 1))
        return (
            f'<path d="{grid}" stroke="{palette.INNER_FRAME}"/>'
            f'<path d="M{LEFT} {self._bottom}h{long}{ticks}" stroke="{palette.RULE}"/>'
        )

    def _mark_x(self, at: int) -> int:
        return LEFT + round((self._width - LEFT - self._right) * at / PIECES)

    def _texts(self) -> str:
        left = self._scales["left"]
        values = "".join(f'<text x="{LEFT - 6}" y="{left.y(mark) + 4}">{_brief(mark)}</text>' for mark in left.marks())
        line = self._lines[0]
        first, last = line.times[0] - line.period, line.times[-1]
        form = "%b %-d" if last - first > 2 * DAY_SECONDS else "%H:%M"
        times = "".join(
            f'<text x="{self._mark_x(at)}" y="{self._bottom + 16}" text-anchor="{"end" if at == PIECES else "middle"}">'
            f"{datetime.fromtimestamp(first + (last - first) * at / PIECES, UTC):{form}}</text>"
            for at in range(PIECES + 1)
        )
        name = f'<text x="12" y="{TOP - 12}" text-anchor="start">{html.escape(left.label)}</text>' if left.label else ""
        return f'<g text-anchor="end" fill="{palette.QUIET}">{name}{values}{times}{self._right_texts()}</g>'

    def _right_texts(self) -> str:
        scale = self._scales.get("right")
        if scale is None:
            return ""
        x = self._width - self._right + 6
        values = "".join(
            f'<text x="{x}" y="{scale.y(mark) + 4}" text-anchor="start">{_brief(mark)}</text>' for mark in scale.marks()
        )
        return f'<text x="{self._width - 12}" y="{TOP - 12}">{html.escape(scale.label)}</text>{values}'

    def _paths(self) -> Iterator[str]:
        for at, line in enumerate(self._lines):
            scale = self._scales[line.side]
            values = _thinned(line.values)
            found = ""
            # A line ends where a value is missing.
            for is_missing, group in groupby(enumerate(values), key=lambda pair: pair[1] is None):
                points = [(self._x(index, len(values)), scale.y(value)) for index, value in group if value is not None]
                if not is_missing:
                    found += _path(points)
            if found:
                yield f'<path d="{found}" stroke="{self._color(at)}"/>'

    def _x(self, index: int, count: int) -> int:
        return LEFT + round((index + 0.5) * (self._width - LEFT - self._right) / count)

    def _bars(self) -> Iterator[str]:
        scale = self._scales["left"]
        below = [0.0] * len(self._lines[0].values)
        wide = max(2, min(9, (self._width - LEFT - self._right) * 2 // (3 * len(below))))
        for at, line in enumerate(self._lines):
            path = ""
            for index, value in enumerate(line.values):
                if value:
                    bottom, top = scale.y(below[index]), scale.y(below[index] + value)
                    path += f"M{self._x(index, len(below))} {bottom}V{top}"
                    below[index] += value
            if path:
                yield f'<path d="{path}" stroke="{self._color(at)}" stroke-width="{wide}"/>'

    def _color(self, at: int) -> str:
        color = self._lines[at].color
        return NAMED_COLORS.get(color or "", color) or LINES[at % len(LINES)]

    def _limit(self, limit: Mapping[str, Any]) -> str:
        color = NAMED_COLORS.get(limit.get("color", ""), limit.get("color", palette.QUIET))
        right, y = self._width - self._right, self._scales["left"].y(limit["value"])
        label = html.escape(limit.get("label", ""))
        return (
            f'<path d="M{LEFT} {y}H{right}" stroke="{color}" stroke-dasharray="4 2"/>'
            f'<text x="{right - 4}" y="{y - 4}" text-anchor="end" fill="{color}">{label}</text>'
        )

    def _names(self) -> str:
        top = self._bottom + BOTTOM
        marks = "".join(
            f'<path d="M{x} {top + 9 + LEGEND_ROW * row}h12" stroke="{self._color(at)}" stroke-width="6"/>'
            f'<text x="{x + 17}" y="{top + 13 + LEGEND_ROW * row}">{html.escape(name)}</text>'
            for at, (row, x, name) in enumerate(self._legend)
        )
        return f'<g fill="{palette.QUIET}">{marks}</g>'


def _path(points: Sequence[tuple[int, int]]) -> str:
    """Return a line through points, each given by its distance from the one before it."""
    inner = (
        here
        for before, here, after in zip(points, points[1:], points[2:], strict=False)
        if not before[1] == here[1] == after[1]
    )
    if len(points) == 1:
        return f"M{points[0][0]} {points[0][1]}h1"
    bends = [points[0], *inner, points[-1]]
    steps = [f"{x - left}{'' if y < top else ' '}{y - top}" for (left, top), (x, y) in pairwise(bends)]
    return f"M{points[0][0]} {points[0][1]}l{' '.join(steps)}"


def _thinned(values: Sequence[float | None]) -> list[float | None]:
    size = math.ceil(len(values) / MOST_POINTS)
    groups = ([value for value in values[at : at + size] if value is not None] for at in range(0, len(values), size))
    return [max(group, default=None) for group in groups]


def _legend(names: Sequence[str], width: int) -> list[tuple[int, int, str]]:
    """Return the row, the position and the text of each name."""
    found: list[tuple[int, int, str]] = []
    row, x = 0, LEGEND_LEFT
    for name in names:
        room = round(34 + CHARACTER * len(name))
        if found and x + room > width:
            row, x = row + 1, LEGEND_LEFT
        found.append((row, x, name))
        x += room
    return found


def _brief(value: float) -> str:
    size, unit = next(((least, unit) for least, unit in UNITS if abs(value) >= 10 * least), (1, ""))
    return f"{number(value / size, 6)}{unit}"


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_NAME else f"{label[: LONGEST_NAME - 1]}…"
