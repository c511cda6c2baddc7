"""Draws a graph as an SVG for light and dark colour schemes, with a line for each box and arrow.

Graphviz lays the graph out. Its own SVG would be four times as large, and is measured from the bottom: one more line in
the notes below a picture would change every line.
"""

import html
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cloud_assembly import UserError
from tools.diagrams import palette

FONT = "Helvetica"
"""The font whose widths Graphviz measures texts by."""
FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
"""The fonts that texts are shown in. All but the last have the same widths."""
FONT_SIZE = 10.0
MARGIN = 20

LAYOUT = Path(__file__).with_name("layout.mjs")

Point = Sequence[float]


def draw(dot: str, *, title: str, description: str) -> str:
    """Return the SVG of a graph; raises UserError when it cannot be laid out."""
    graph = _laid_out(dot)
    _, _, width, height = (float(part) for part in graph["bb"].split(","))
    # Boxes around boxes come first, and arrows go below the boxes that they join.
    frames = graph.get("_subgraph_cnt", 0)
    objects = graph.get("objects", [])
    groups = [
        *(_group("cluster", one, height) for one in objects[:frames]),
        *(_group("edge", one, height) for one in graph.get("edges", [])),
        *(_group("node", one, height) for one in objects[frames:]),
        "\n".join(_marks(graph.get("_ldraw_", []), height)),
    ]
    return svg(
        "\n".join(filter(None, groups)),
        size=(round(width) + 2 * MARGIN, round(height) + 2 * MARGIN),
        ground=palette.PAPER,
        title=title,
        description=description,
    )


def svg(body: str, *, size: tuple[int, int], ground: str, title: str, description: str) -> str:
    """Return a picture with a title, a ground and a style for dark colour schemes."""
    width, height = size
    style = palette.dark_style(f"{ground}{body}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title description" font-family="{FONTS}" font-size="{FONT_SIZE:g}">\n'
        f'<title id="title">{html.escape(title)}</title>\n<desc id="description">{html.escape(description)}</desc>\n'
        f'<style>\n{style}</style>\n<rect width="{width}" height="{height}" rx="12" fill="{ground}"/>\n{body}\n</svg>\n'
    )


def number(value: float, digits: int = 1) -> str:
    """Return a coordinate as short as it can be written."""
    return f"{round(value, digits) + 0.0:g}"


def _laid_out(dot: str) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        raise UserError("`node` is not on the path; run `make docs`, which installs it")
    done = subprocess.run([node, str(LAYOUT)], input=dot, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"Graphviz cannot lay the graph out: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _group(kind: str, thing: Mapping[str, Any], height: float) -> str:
    steps = [step for part in ("_draw_", "_hdraw_", "_tdraw_", "_ldraw_") for step in thing.get(part, [])]
    marks = [*_marks(steps, height)]
    return f'<g class="{kind}">{"".join(marks).strip()}</g>' if marks else ""


def _marks(steps: Iterable[Mapping[str, Any]], height: float) -> Iterator[str]:
    """Turn Graphviz's drawing operations into elements: https://graphviz.org/docs/outputs/canon/#xdot."""
    pen, fill, size, bold, line = "", "", FONT_SIZE, False, ""
    ground: tuple[list[float], str] | None = None
    for step in steps:
        points = [(x + MARGIN, height - y + MARGIN) for x, y in step.get("points", [])]
        match step["op"]:
            case "c":
                pen = step["color"]
            case "C":
                fill = step["color"]
            case "S":
                line = _line_style(step["style"]) or (line if step["style"] == "solid" else "")
            case "F":
                size, bold = step["size"], False
            case "t":
                bold = bool(step["fontchar"] & 1)
            case "B" if _is_clear(pen):
                # A table's ground; its border follows.
                ground = _box(points), fill
            case "B" | "b" if points[0] == points[-1]:
                box = _box(points)
                inside = fill if step["op"] == "B" else ground[1] if ground and ground[0] == box else "none"
                x, y, wide, high = map(number, box)
                yield (
                    f'\n<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="10" fill="{inside}" stroke="{pen}"/>'
                )
            case "b":
                yield f'<path d="{_curve(points)}" fill="none" stroke="{pen}"{line}/>'
            case "P":
                corners = "L".join(f"{number(x)} {number(y)}" for x, y in points)
                yield f'<path d="M{corners}z" fill="{fill}" stroke="{pen}"/>'
            case "T" if step["text"].strip():
                yield _text(step, height, size, pen, bold=bold)
            case _:
                pass


def _line_style(style: str) -> str:
    if style.startswith("setlinewidth"):
        return f' stroke-width="{style[13:-1]}"'
    return ' stroke-dasharray="5 2"' if style == "dashed" else ""


def _is_clear(color: str) -> bool:
    return len(color) == len("#rrggbbaa") and color.endswith("00")


def _box(points: Sequence[Point]) -> list[float]:
    left, top = (min(point[axis] for point in points) for axis in (0, 1))
    right, bottom = (max(point[axis] for point in points) for axis in (0, 1))
    return [round(edge) for edge in (left, top, right - left, bottom - top)]


def _curve(points: Sequence[Point]) -> str:
    start, *others = (f"{number(x, 0)} {number(y, 0)}" for x, y in points)
    return f"M{start}C{' '.join(others)}"


def _text(step: Mapping[str, Any], height: float, size: float, color: str, *, bold: bool) -> str:
    words = step["text"]
    x, y = step["pt"]
    look = "" if size == FONT_SIZE else f' font-size="{size:g}"'
    look += ' font-weight="bold"' if bold else ""
    anchor = {"l": "", "c": ' text-anchor="middle"', "r": ' text-anchor="end"'}[step["align"]]
    # Wider fonts than the one that was measured would leave the box. Graphviz has measures of ASCII only.
    fits = words.isascii() and words == words.strip()
    fit = f' textLength="{number(step["width"])}" lengthAdjust="spacingAndGlyphs"' if fits else ""
    place = f'x="{number(x + MARGIN)}" y="{number(height - y + MARGIN)}"'
    return f'<text {place}{look}{anchor} fill="{color}"{fit}>{html.escape(words.strip(), quote=False)}</text>'
