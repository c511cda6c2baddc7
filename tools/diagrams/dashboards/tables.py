"""Draws a log query as a table, with sample rows."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tools.diagrams import palette

ROW: Final = 24

RUN: Final = "https://us-east-1.console.aws…"
SAMPLES: Final[Sequence[Mapping[str, str]]] = (
    {
        "Environment": "dev",
        "stage": "Dev",
        "result": "passed",
        "time": "2026-11-23T07:00:12+00:00",
        "commit": "8f1c2ab90d4e",
        "title": "Keep a case's documents for a year",
        "run": RUN,
    },
    {
        "Environment": "staging",
        "stage": "Staging",
        "result": "passed",
        "time": "2026-11-23T04:00:47+00:00",
        "commit": "c41e77d2a9b0",
        "title": "Let the engine wait longer for its database",
        "run": RUN,
    },
    {
        "Environment": "prod",
        "stage": "Prod",
        "result": "rollback passed",
        "time": "2026-11-21T09:00:31+00:00",
        "commit": "0b6d93e51c7f",
        "title": "Raise tasks.memory with tasks.heap",
        "run": RUN,
    },
)
FAILED: Final[Sequence[Mapping[str, str]]] = (
    {
        "time": "2026-11-21T08:41:09+00:00",
        "because": "rolled back",
        "commit": "5ce3190a7d1b",
        "title": "Use the new mail server",
        "run": RUN,
    },
    {
        "time": "2026-11-12T10:07:55+00:00",
        "because": "alarm yawl-prod-error-rate",
        "commit": "e02f7716bb3c",
        "title": "Cache the list of services",
        "run": RUN,
    },
)
LONGEST: Final[Sequence[Mapping[str, str]]] = (
    {
        "hours": "97.4",
        "time": "2026-11-02T13:20:11+00:00",
        "commit": "77a0d9c4e1f2",
        "title": "Store attachments in S3",
        "run": RUN,
    },
    {
        "hours": "41.2",
        "time": "2026-11-17T09:12:48+00:00",
        "commit": "b3d8e5520c9a",
        "title": "Upgrade the JDBC driver",
        "run": RUN,
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
    fields = [field.rpartition(" as ")[2].strip() for field in found.group(1).split(",")] if found else []
    rows = next((rows for rows in (SAMPLES, FAILED, LONGEST, ERRORS) if set(fields) <= set(rows[0])), ())
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
