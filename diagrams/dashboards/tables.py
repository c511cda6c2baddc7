"""What a query of logs might find, as a table."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Final

from diagrams import palette

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
    """Return the sample rows that have the fields a query asks for."""
    found = re.search(r"fields ([^\n|]+)", query)
    fields = [field.strip() for field in found.group(1).split(",")] if found else []
    rows = [row for row in (*SAMPLES, *ERRORS) if set(fields) <= set(row)]
    widths = [max(len(field), *(len(row[field]) for row in rows)) if rows else 1 for field in fields]
    scale = min(9.0, (width - 24) / max(1, sum(widths) + 2 * len(widths)))
    said: list[str] = []
    x = 12.0
    for field, characters in zip(fields, widths, strict=True):
        size = min(12.0, scale * 1.75)
        said.append(
            f'<text x="{x:.5g}" y="18" font-size="{size:.3g}" font-weight="bold" fill="{palette.QUIET}">'
            f"{html.escape(field)}</text>"
        )
        said.extend(
            f'<text x="{x:.5g}" y="{18 + ROW * (at + 1)}" font-size="{size:.3g}" fill="{palette.INK}">'
            f"{html.escape(row[field])}</text>"
            for at, row in enumerate(rows)
        )
        x += (characters + 2) * scale
    return "\n".join(said)
