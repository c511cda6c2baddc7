"""Writes DOT, Graphviz's language."""

import html
from collections.abc import Iterable, Mapping


def quoted(text: str) -> str:
    """Return a text as a DOT string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def attributes(values: Mapping[str, str]) -> str:
    """Return a list of attributes. A value that begins with `<` is an HTML-like label and is not quoted."""
    pairs = (f"{name}={value if value.startswith('<') else quoted(value)}" for name, value in values.items())
    return f"[{', '.join(pairs)}]"


def text(words: str, *, size: float, color: str, bold: bool = False) -> str:
    """Return text for an HTML-like label."""
    escaped = html.escape(words)
    return f'<font point-size="{size:g}" color="{color}">{f"<b>{escaped}</b>" if bold else escaped}</font>'


def table(rows: Iterable[str], **options: str) -> str:
    """Return a table of finished rows for an HTML-like label."""
    given = " ".join(f'{name}="{value}"' for name, value in options.items())
    return f'<table border="0" cellborder="0" {given}>{"".join(rows)}</table>'


def indented(lines: Iterable[str]) -> str:
    """Return lines as the body of a block."""
    return "".join(f"  {line}\n" for line in lines)
