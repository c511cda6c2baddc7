"""Draws a dashboard, or part of one: each widget as a card at its place on the grid."""

import html
import re
from collections.abc import Sequence
from typing import Final

from tools.diagrams import palette
from tools.diagrams.dashboards.body import Body, Widget
from tools.diagrams.dashboards.charts import chart
from tools.diagrams.dashboards.metric_widget import Line, lines
from tools.diagrams.dashboards.tables import table
from tools.diagrams.picture import svg

COLUMN: Final = 50
ROW: Final = 40
GAP: Final = 8
TITLE: Final = 24
IN_ALARM: Final = ("yawl-staging-cache-evictions",)
"""Which alarms are in ALARM in the picture."""
ALARM_COLUMN: Final = 190
ALARM_ROWS: Final = (22, 13, 10)
"""The distance of two alarms in a list: usually, and where there are many or very many."""
NOTE: Final = "Drawn from the synthesized template; every value is sample data."


def picture(body: Body, widgets: Sequence[Widget], *, title: str, description: str) -> str:
    """Return the SVG of some of a dashboard's widgets; raises UserError."""
    top = min(widget.y for widget in widgets)
    bottom = max(widget.y + widget.height for widget in widgets)
    width, height = 24 * COLUMN + GAP, (bottom - top) * ROW + GAP + TITLE
    cards = [
        _card(widget, _inside(widget, body), x=widget.x * COLUMN + GAP, y=(widget.y - top) * ROW + GAP)
        for widget in widgets
    ]
    note = f'<text x="{GAP + 4}" y="{height - 9}" font-size="11" fill="{palette.QUIET}">{NOTE}</text>'
    return svg(
        "\n".join([*cards, note]), size=(width, height), ground=palette.FRAME, title=title, description=description
    )


def _width(widget: Widget) -> int:
    return widget.width * COLUMN - GAP


def _height(widget: Widget) -> int:
    return widget.height * ROW - GAP


def _card(widget: Widget, inside: str, *, x: int, y: int) -> str:
    opening = f'<g transform="translate({x}.5 {y}.5)">'
    if widget.type != "text":
        title = html.escape(widget.properties.get("title", ""))
        opening += (
            f'<rect width="{_width(widget)}" height="{_height(widget)}" rx="6" fill="{palette.BOX}" '
            f'stroke="{palette.RULE}"/>'
            f'<text x="10" y="18" font-size="12.5" font-weight="bold" fill="{palette.INK}">{title}</text>'
            f'<g fill="none" transform="translate(0 {TITLE})">'
        )
    return f"{opening}\n{inside}\n</g>{'</g>' if widget.type != 'text' else ''}"


def _inside(widget: Widget, body: Body) -> str:
    match widget.type:
        case "text":
            return _text(widget)
        case "alarm":
            return _alarms(widget)
        case "log":
            return table(widget.properties["query"], width=_width(widget))
        case _:
            found = lines(widget, body)
            if widget.properties.get("view") == "timeSeries":
                return chart(widget, found, width=_width(widget), height=_height(widget) - TITLE)
            return _numbers(found, widget)


def _text(widget: Widget) -> str:
    texts: list[str] = []
    y = 0
    for line in widget.properties["markdown"].splitlines():
        if not line.strip():
            continue
        heading = len(line) - len(line.lstrip("#"))
        size = {0: 12.5, 1: 20.0}.get(heading, 15.0)
        y += round(size * 1.5)
        # A picture has no links; their texts are shown.
        words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", line.lstrip("# ").replace("**", ""))
        words = re.sub(r"^- ", "• ", words)
        weight = ' font-weight="bold"' if heading else ""
        ink = palette.INK if heading or "](" not in line else palette.TRAFFIC
        texts.append(f'<text x="4" y="{y}" font-size="{size}"{weight} fill="{ink}">{html.escape(words)}</text>')
    return "\n".join(texts)


def _alarms(widget: Widget) -> str:
    """Return the alarms in columns, each placed relative to the one above it: a new one changes few lines."""
    names = [arn.rpartition(":")[2] for arn in widget.properties["alarms"]]
    columns = max(1, _width(widget) // ALARM_COLUMN)
    column_width = (_width(widget) - 10) // columns
    room = _height(widget) - TITLE - 10
    step = next((step for step in ALARM_ROWS if len(names) <= room // step * columns), ALARM_ROWS[-1])
    rows = max(room // step, -(-len(names) // columns))
    found: list[str] = []
    for column, start in enumerate(range(0, len(names), rows)):
        place = f"translate({10 + column * column_width} {13 - step})"
        found.append(f'<text font-size="10.5" fill="{palette.INK}" transform="{place}">')
        found.extend(_alarm(name, step) for name in names[start : start + rows])
        found.append("</text>")
    return "\n".join(found)


def _alarm(name: str, step: int) -> str:
    color, state = (palette.STACKS[3], " · ALARM") if name in IN_ALARM else (palette.STACKS[0], "")
    short = html.escape(re.sub(r"^yawl-[a-z0-9]+-", "", name))
    return f'<tspan x="0" dy="{step}" fill="{color}">●</tspan><tspan x="13">{short}{state}</tspan>'


def _numbers(found: Sequence[Line], widget: Widget) -> str:
    share = (_width(widget) - 20) / len(found)
    size = 30 if len(found) <= 2 else 26
    middle = (_height(widget) - TITLE) // 2
    texts: list[str] = []
    for at, line in enumerate(found):
        x = round(14 + at * share)
        texts.append(
            f'<text x="{x}" y="{middle}" font-size="{size}" fill="{palette.INK}">{_figure(line.latest)}</text>'
            f'<text x="{x}" y="{middle + 24}" font-size="11.5" fill="{palette.QUIET}">{html.escape(line.label)}</text>'
        )
    return "\n".join(texts)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"


def parts(body: Body) -> tuple[Sequence[Widget], Sequence[Widget]]:
    """Return the widgets above a dashboard's third heading, and those from there on."""
    headings = [widget for widget in body.widgets if widget.type == "text"]
    end = headings[2].y if len(headings) > 2 else body.widgets[-1].y + 1
    return (
        [widget for widget in body.widgets if widget.y < end],
        [widget for widget in body.widgets if widget.y >= end],
    )
