"""Graphs of lines over time, drawn by Apache ECharts."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from diagrams import palette
from diagrams.dashboards.body import Widget
from diagrams.dashboards.metric_widget import Line
from diagrams.errors import DiagramError
from diagrams.picture import FONTS

PROGRAM: Final = Path(__file__).with_name("charts.mjs")
DAY_SECONDS: Final = 86_400
LONGEST_NAME: Final = 26
MOST_NAMES: Final = 9
"""Of lines in a legend; more would leave no room for the lines."""
LINES: Final = ("#2456c8", "#9a4a00", "#0f6b57", "#a3224f", "#5b3fa8", "#3c6a12", "#00687f", "#7b4b1f")
NAMED_COLORS: Final[Mapping[str, str]] = {
    "#2ca02c": "#0f6b57",
    "#d62728": "#a3224f",
    "#ff7f0e": "#9a4a00",
    "#7f7f7f": "#8a95a5",
}
"""CloudWatch's own colours, and what stands out as well from light and from dark."""


@dataclass(frozen=True)
class Chart:
    """A graph and the room for it."""

    width: int
    height: int
    option: Mapping[str, Any]


def chart(widget: Widget, lines: Sequence[Line], *, width: int, height: int) -> Chart:
    """Return the graph of a widget."""
    several = len(lines) > 1
    shown = lines[:MOST_NAMES]
    rows = _legend_rows([_short(line.label) for line in shown], width) if several else 0
    axis = widget.properties.get("yAxis", {}).get("left", {})
    return Chart(
        width,
        height,
        {
            "animation": False,
            "useUTC": True,
            "textStyle": {"fontFamily": FONTS, "fontSize": 11, "color": palette.QUIET},
            "grid": {"left": 46, "right": 14, "top": 22, "bottom": 24 + 18 * rows},
            "legend": {
                "show": several,
                "data": [_short(line.label) for line in shown],
                "bottom": 0,
                "left": 8,
                "itemWidth": 12,
                "itemHeight": 6,
                "itemGap": 14,
                "icon": "roundRect",
                "textStyle": {"fontSize": 10, "color": palette.QUIET},
            },
            "xAxis": {
                "type": "time",
                "splitNumber": max(2, width // 110),
                "axisLabel": {
                    "formatter": "{MMM} {d}" if _is_long(lines) else "{HH}:{mm}",
                    "color": palette.QUIET,
                    "fontSize": 10,
                    "hideOverlap": True,
                },
                "axisLine": {"lineStyle": {"color": palette.RULE}},
                "axisTick": {"lineStyle": {"color": palette.RULE}},
                "splitLine": {"show": False},
            },
            "yAxis": {
                "type": "value",
                "min": axis.get("min"),
                "max": axis.get("max"),
                "splitNumber": 4,
                "name": axis.get("label", ""),
                "nameTextStyle": {"align": "left", "fontSize": 10, "color": palette.QUIET, "padding": [0, 0, -4, -34]},
                "axisLabel": {"color": palette.QUIET, "fontSize": 10},
                "splitLine": {"lineStyle": {"color": palette.INNER_FRAME}},
            },
            "series": [_series(widget, line, at) for at, line in enumerate(lines)],
        },
    )


def draw(charts: Sequence[Chart]) -> list[str]:
    """Return the graphs as SVG, without what only a pointer could reach; raises DiagramError."""
    node = shutil.which("node")
    if node is None:
        raise DiagramError("`node` is not on the path; `make dashboards` prepares it and puts it there")
    asked = json.dumps([{"width": one.width, "height": one.height, "option": one.option} for one in charts])
    done = subprocess.run([node, str(PROGRAM)], input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DiagramError(f"ECharts cannot draw the graphs: {done.stderr.strip()}")
    return [_plain(svg) for svg in json.loads(done.stdout)]


def _series(widget: Widget, line: Line, at: int) -> dict[str, Any]:
    stacked = bool(widget.properties.get("stacked"))
    own = NAMED_COLORS.get(line.color or "", line.color) or LINES[at % len(LINES)]
    points = [[time * 1000, _rounded(value)] for time, value in zip(line.times, line.values, strict=True)]
    series: dict[str, Any] = {
        "name": _short(line.label),
        "type": "bar" if stacked else "line",
        "silent": True,
        "data": [point for point in points if point[1] is not None],
        "itemStyle": {"color": own},
        "lineStyle": {"color": own, "width": 1.5},
        "showSymbol": len(points) < 3,
        "symbol": "circle",
    }
    if stacked:
        series |= {"stack": "all", "barMaxWidth": 9}
    if at == 0 and (limits := widget.properties.get("annotations", {}).get("horizontal")):
        series["markLine"] = {
            "silent": True,
            "symbol": "none",
            "data": [_limit(limit) for limit in limits],
        }
    return series


def _limit(limit: Mapping[str, Any]) -> dict[str, Any]:
    color = NAMED_COLORS.get(limit.get("color", ""), limit.get("color", palette.QUIET))
    return {
        "yAxis": limit["value"],
        "lineStyle": {"color": color, "type": "dashed", "width": 1},
        "label": {
            "formatter": limit.get("label", ""),
            "position": "insideEndTop",
            "color": color,
            "fontSize": 10,
        },
    }


def _plain(svg: str) -> str:
    svg = re.sub(r"<style\b.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s(?:class|pointer-events|ecmeta_\w+|xml:space)="[^"]*"', "", svg)
    svg = re.sub(r"<svg [^>]*>|</svg>", "", svg)
    # The library writes no colour where a background is wanted, and black for what is cut.
    return re.sub(r"\n{2,}", "\n", svg).strip()


def _legend_rows(names: Sequence[str], width: int) -> int:
    """Return how many rows the names take, each with its mark and a gap, by the width of a wide font."""
    rows, used = 1, 0.0
    for name in names:
        room = 36 + 6.8 * len(name)
        if used and used + room > width - 16:
            rows, used = rows + 1, 0.0
        used += room
    return rows


def _is_long(lines: Sequence[Line]) -> bool:
    return any(line.times[-1] - line.times[0] > 2 * DAY_SECONDS for line in lines)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_NAME else f"{label[: LONGEST_NAME - 1]}…"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
