"""Draws a log query as a table, with sample rows."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tools.diagrams import palette

ROW: Final = 24

SAMPLES: Final[Sequence[Mapping[str, str]]] = (
    {
        "Environment": "dev",
        "time": "2026-11-23T07:00:12+00:00",
        "commit": "8f1c2ab90d4e",
        "title": "Keep a case's documents for a year",
        "execution": "5d0c2f6e-41aa",
    },
    {
        "Environment": "staging",
        "time": "2026-11-23T04:00:47+00:00",
        "commit": "c41e77d2a9b0",
        "title": "Let the engine wait longer for its database",
        "execution": "b7e91c04-90f3",
    },
    {
        "Environment": "prod",
        "time": "2026-11-21T09:00:31+00:00",
        "commit": "0b6d93e51c7f",
        "title": "Raise tasks.memory with tasks.heap",
        "execution": "19aa40d7-2c5b",
    },
)
ERRORS: Final[Sequence[Mapping[str, str]]] = (
    {
        "@timestamp": "2026-11-23 11:41:07",
        "@message": "ERROR InterfaceB_EngineBasedServer - no such work item",
        "@logStream": "yawl/task/0f4c",
    },
    {
        "@timestamp": "2026-11-23 10:02:55",
        "@message": "ERROR YPersistenceManager - connection was closed",
        "@logStream": "yawl/task/0f4c",
    },
)


def table(query: str, *, width: int) -> str:
    """Return the sample rows that have the fields of a query."""
    found = re.search(r"fields ([^\n|]+)", query)
    fields = [field.strip() for field in found.group(1).split(",")] if found else []
    rows = [row for row in (*SAMPLES, *ERRORS) if set(fields) <= set(row)]
    widths = [max(len(field), *(len(row[field]) for row in rows)) if rows else 1 for field in fields]
    scale = min(9.0, (width - 24) / max(1, sum(widths) + 2 * len(widths)))
    places = [12 + round(scale * (sum(widths[:at]) + 2 * at)) for at in range(len(fields))]
    cells = [fields, *([row[field] for field in fields] for row in rows)]
    lines = []
    for at, row in enumerate(cells):
        look = f'fill="{palette.INK}"' if at else f'fill="{palette.QUIET}" font-weight="bold"'
        texts = (f'<tspan x="{x}">{html.escape(text)}</tspan>' for x, text in zip(places, row, strict=True))
        lines.append(
            f'<text y="{18 + ROW * at}" font-size="{min(12, scale * 1.75):.3g}" {look}>{"".join(texts)}</text>'
        )
    return "\n".join(lines)
