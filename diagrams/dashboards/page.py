"""A dashboard as one picture: every widget a card at its place on the grid."""

import html
import re
from collections.abc import Sequence
from typing import Any, Final

from diagrams import palette
from diagrams.dashboards.body import Body, Widget
from diagrams.dashboards.charts import chart, draw
from diagrams.dashboards.metric_widget import Line, lines
from diagrams.dashboards.tables import table
from diagrams.picture import FONTS

COLUMN: Final = 50
ROW: Final = 40
GAP: Final = 8
TITLE: Final = 24
RINGING: Final = ("yawl-staging-cache-evictions",)
"""Which alarms ring in the picture."""
ALARM_COLUMN: Final = 190
NOTE: Final = "Drawn from the synthesized template; every value is sample data."


def picture(body: Body, widgets: Sequence[Widget], *, title: str, description: str) -> str:
    """Return the SVG of some of a dashboard's widgets; raises DiagramError."""
    top = min(widget.y for widget in widgets)
    bottom = max(widget.y + widget.height for widget in widgets)
    width, height = 24 * COLUMN + GAP, (bottom - top) * ROW + GAP + TITLE
    graphs = [widget for widget in widgets if _is_graph(widget)]
    drawn = draw(
        [
            chart(widget, lines(widget, hours=body.hours), width=_width(widget), height=_height(widget) - TITLE)
            for widget in graphs
        ]
    )
    by_graph = dict(zip((id(widget) for widget in graphs), drawn, strict=True))
    cards: list[str] = []
    for widget in widgets:
        inside = by_graph.get(id(widget)) or _inside(widget, body)
        x, y = widget.x * COLUMN + GAP, (widget.y - top) * ROW + GAP
        cards.append(_card(widget, inside, x=x, y=y))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title description" font-family="{FONTS}">\n'
        f'<title id="title">{html.escape(title)}</title>\n<desc id="description">{html.escape(description)}</desc>\n'
        f"<style>\n{palette.dark_style()}</style>\n"
        f'<rect width="{width}" height="{height}" rx="12" fill="{palette.FRAME}"/>\n'
        + "\n".join(cards)
        + f'\n<text x="{GAP + 4}" y="{height - 9}" font-size="11" fill="{palette.QUIET}">{NOTE}</text>\n</svg>\n'
    )


def _is_graph(widget: Widget) -> bool:
    return widget.type == "metric" and widget.properties.get("view") == "timeSeries"


def _width(widget: Widget) -> int:
    return widget.width * COLUMN - GAP


def _height(widget: Widget) -> int:
    return widget.height * ROW - GAP


def _card(widget: Widget, inside: str, *, x: int, y: int) -> str:
    if widget.type == "text":
        return f'<g transform="translate({x} {y})">\n{inside}\n</g>'
    title = html.escape(widget.properties.get("title", ""))
    return (
        f'<g transform="translate({x} {y})">\n'
        f'<rect width="{_width(widget)}" height="{_height(widget)}" rx="6" fill="{palette.BOX}" '
        f'stroke="{palette.RULE}"/>\n'
        f'<text x="10" y="18" font-size="12.5" font-weight="bold" fill="{palette.INK}">{title}</text>\n'
        f'<g transform="translate(0 {TITLE})">\n{inside}\n</g>\n</g>'
    )


def _inside(widget: Widget, body: Body) -> str:
    match widget.type:
        case "text":
            return _text(widget)
        case "alarm":
            return _alarms(widget)
        case "log":
            return table(widget.properties["query"], width=_width(widget))
        case _:
            return _numbers(lines(widget, hours=body.hours), widget)


def _text(widget: Widget) -> str:
    said: list[str] = []
    y = 0
    for line in widget.properties["markdown"].splitlines():
        if not line.strip():
            continue
        heading = len(line) - len(line.lstrip("#"))
        size = {0: 12.5, 1: 20.0}.get(heading, 15.0)
        y += round(size * 1.5)
        # Links are shown by their names: a picture leads nowhere.
        words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", line.lstrip("# ").replace("**", ""))
        words = re.sub(r"^- ", "• ", words)
        weight = ' font-weight="bold"' if heading else ""
        ink = palette.INK if heading or "](" not in line else palette.TRAFFIC
        said.append(f'<text x="4" y="{y}" font-size="{size}"{weight} fill="{ink}">{html.escape(words)}</text>')
    return "\n".join(said)


def _alarms(widget: Widget) -> str:
    names = [arn.rpartition(":")[2] for arn in widget.properties["alarms"]]
    columns = max(1, _width(widget) // ALARM_COLUMN)
    rows = -(-len(names) // columns)
    step = min(22.0, (_height(widget) - TITLE - 10) / max(1, rows))
    said: list[str] = []
    for at, name in enumerate(names):
        x, y = 10 + (at // rows) * ((_width(widget) - 10) // columns), 10 + (at % rows) * step
        rings = name in RINGING
        color = palette.STACKS[3] if rings else palette.STACKS[0]
        short = html.escape(re.sub(r"^yawl-[a-z0-9]+-", "", name))
        said.append(
            f'<circle cx="{x + 4}" cy="{y}" r="4" fill="{color}"/>'
            f'<text x="{x + 13}" y="{y + 3.5:.4g}" font-size="10.5" fill="{palette.INK}">'
            f"{short}{' · ALARM' if rings else ''}</text>"
        )
    return "\n".join(said)


def _numbers(found: Sequence[Line], widget: Widget) -> str:
    share = (_width(widget) - 20) / len(found)
    size = 30 if len(found) <= 2 else 26
    middle = (_height(widget) - TITLE) // 2
    said: list[str] = []
    for at, line in enumerate(found):
        x = 14 + at * share
        said.append(
            f'<text x="{x:.5g}" y="{middle}" font-size="{size}" fill="{palette.INK}">'
            f"{_number(line.latest)}</text>"
            f'<text x="{x:.5g}" y="{middle + 24}" font-size="11.5" fill="{palette.QUIET}">'
            f"{html.escape(line.label)}</text>"
        )
    return "\n".join(said)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"


def first_screen(body: Body) -> Sequence[Widget]:
    """Return what stands above the second heading, and the environments below the first: what one sees at once."""
    headings: list[Any] = [widget for widget in body.widgets if widget.type == "text"]
    end = headings[2].y if len(headings) > 2 else body.widgets[-1].y + 1
    return [widget for widget in body.widgets if widget.y < end]
