"""Makes a picture of a graph: an SVG that is legible on light and on dark."""

import html
import re
import shutil
import subprocess
from pathlib import Path

from diagrams import palette
from diagrams.errors import DiagramError

FONT = "Helvetica"
"""The font Graphviz measures texts by; it has tables of this one's widths."""
FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
"""The fonts the texts are shown in: all of the same widths, but the last."""

LAYOUT = Path(__file__).with_name("layout.mjs")


def draw(dot: str, *, title: str, description: str) -> str:
    """Lay a graph out and return the SVG; raises DiagramError when that cannot be done."""
    return _dressed(_laid_out(dot), title, description)


def _laid_out(dot: str) -> str:
    node = shutil.which("node")
    if node is None:
        raise DiagramError("`node` is not on the path; `make diagrams` prepares it and puts it there")
    done = subprocess.run([node, str(LAYOUT)], input=dot, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DiagramError(f"Graphviz cannot lay the graph out: {done.stderr.strip()}")
    return done.stdout


def _dressed(svg: str, title: str, description: str) -> str:
    """Give the picture a name, a card to stand on and colours for dark surroundings."""
    found = re.search(r'<svg width="[^"]+" height="[^"]+"\s+viewBox="0\.00 0\.00 ([\d.]+) ([\d.]+)"[^>]*>', svg)
    if found is None:
        raise DiagramError("Graphviz has written no SVG")
    width, height = (round(float(size)) for size in found.groups())
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title description">\n'
        f'<title id="title">{html.escape(title)}</title>\n<desc id="description">{html.escape(description)}</desc>\n'
        f"<style>\n{palette.dark_style()}</style>\n"
        f'<rect width="{width}" height="{height}" rx="12" fill="{palette.PAPER}"/>'
    )
    body = svg[found.end() :]
    # Names of boxes and arrows would pop up as hints, and are Graphviz's own.
    body = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", body, flags=re.DOTALL)
    body = re.sub(rf'font-family="{FONT}[^"]*"', f'font-family="{FONTS}"', body)
    return re.sub(r"\n{2,}", "\n", opening + body)
