"""The page of `make releases`: one HTML file without references to others."""

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from lambdas.delivery_metrics.history import Execution
from tools.releases.delivery import Delivery, Release, Running, Waiting, middle
from tools.releases.records import Record

SHORT: Final = 8
"""Characters shown of a commit."""
MOST_RELEASES: Final = 30
COLORS: Final = ("#5b6b82", "#2456c8", "#0f6b57", "#5b3fa8", "#9a4a00", "#a3224f", "#3c6a12", "#00687f")
"""Of phases, in the order in which they appear."""
STYLE: Final = """
:root{color-scheme:light dark;--ink:light-dark(#1b2433,#e6eaf0);--quiet:light-dark(#5a6677,#9aa7b8);
--rule:light-dark(#d5dbe3,#364152);--card:light-dark(#fff,#161d28);--good:light-dark(#0f6b57,#5fc9ae);
--bad:light-dark(#a3224f,#f08cab);--link:light-dark(#2456c8,#8fb0ff)}
body{margin:2rem auto;max-width:1100px;padding:0 1rem;font:15px/1.45 system-ui,sans-serif;color:var(--ink);
background:light-dark(#f4f6f9,#0e131b)}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .6rem}p{margin:.2rem 0;color:var(--quiet)}
a{color:var(--link)}section,.cards>div{background:var(--card);border:1px solid var(--rule);border-radius:8px}
section{padding:.4rem .9rem;overflow-x:auto}.cards{display:grid;grid-template-columns:repeat(4,1fr);gap:.8rem}
.cards>div{padding:.7rem .9rem}.cards b{display:block;font-size:1.5rem}.cards span{color:var(--quiet)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .7rem .35rem 0;vertical-align:top}
th{font-weight:600;color:var(--quiet);white-space:nowrap}tr+tr td{border-top:1px solid var(--rule)}
td.title{width:34%}code{font-family:ui-monospace,monospace}.good{color:var(--good)}.bad{color:var(--bad)}
.bar{display:flex;height:14px;border-radius:3px;overflow:hidden;min-width:220px}
.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .3em 0 1em}
@media(max-width:700px){.cards{grid-template-columns:repeat(2,1fr)}}
"""


def page(delivery: Delivery, records: Iterable[Record], *, now: datetime) -> str:
    """Return the page: what runs where, what is waiting, the delivery figures, and the runs behind them."""
    last = delivery.environments[-1].name
    by_run = {(one.environment, one.content["execution"]): one for one in records}
    weeks = round((now - delivery.since).days / 7)
    parts = [
        f"<h1>{html.escape(delivery.pipeline)}</h1>",
        f"<p>{now:%Y-%m-%d %H:%M} UTC. Figures are of the last {weeks} weeks, as decisions/delivery-metrics.md defines "
        "them; incidents without a rollback are on the dashboard only.</p>",
        _block("What runs where", _running(delivery, by_run, now=now)),
        _block("What is waiting", _waiting(delivery, now=now)),
        f"<h2>Delivery to {html.escape(last)}</h2>",
        _cards(delivery, weeks=weeks),
        _block(f"Releases of {last}, and where their lead time went", _releases(delivery)),
        _block(f"Failed changes of {last}", _failures(delivery)),
    ]
    title = html.escape(f"Releases of {delivery.pipeline}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _block(title: str, inside: str) -> str:
    return f"<h2>{html.escape(title)}</h2><section>{inside}</section>"


def _running(delivery: Delivery, records: Mapping[tuple[str, str], Record], *, now: datetime) -> str:
    rows = [_running_row(one, delivery, records, now=now) for one in delivery.running()]
    return _table(["Environment", "Stage", "Commit", "", "Result", "For", "Author", "Approver"], rows, "Nothing yet.")


def _running_row(
    one: Running, delivery: Delivery, records: Mapping[tuple[str, str], Record], *, now: datetime
) -> list[str]:
    record = records.get((one.environment, one.execution.id))
    look = "good" if one.result in ("passed", "rollback passed", "deploying") else "bad"
    return [
        f"<b>{html.escape(one.environment)}</b>",
        html.escape(one.stage),
        *_commit(one.execution, delivery),
        f'<span class="{look}">{one.result}</span>',
        _span(now - one.since).replace(" ", "\N{NO-BREAK SPACE}"),
        html.escape(record.content["author"] if record else ""),
        html.escape(record.content["approver"].rpartition("/")[2] if record else ""),
    ]


def _waiting(delivery: Delivery, *, now: datetime) -> str:
    found: list[Waiting] = sorted(delivery.waiting(), key=lambda one: one.since)
    rows: list[list[str]] = []
    for environment in delivery.environments:
        own = [one for one in found if one.environment == environment.name]
        rows += [
            [
                f"<b>{html.escape(environment.name)}</b> ({len(own)})" if one is own[0] else "",
                *_commit(one.execution, delivery),
                _span(now - one.since),
                html.escape(one.where),
            ]
            for one in own
        ]
    head = ["For", "Commit", "", "Waiting", "Its run"]
    return _table(head, rows, "Nothing: every environment has the newest commit.")


def _cards(delivery: Delivery, *, weeks: int) -> str:
    changes, failed = delivery.changes(), len(delivery.failures())
    rate = f"{100 * min(failed, changes) / changes:.0f} %" if changes else "-"
    figures = [
        (
            "Deployments per week",
            f"{len(delivery.releases()) / max(1, weeks):.1f}",
            f"{len(delivery.releases())} releases",
        ),
        ("Lead time, median", _span(middle(delivery.lead_times())), f"{len(delivery.lead_times())} commits"),
        ("Change failure rate", rate, f"{failed} of {changes} changes"),
        ("Time to restore, median", _span(middle(delivery.times_to_restore())), "from failure to repair"),
    ]
    cards = (f"<div>{name}<b>{value}</b><span>{note}</span></div>" for name, value, note in figures)
    return f'<div class="cards">{"".join(cards)}</div>'


def _releases(delivery: Delivery) -> str:
    releases = delivery.releases()[:MOST_RELEASES]
    names = list(dict.fromkeys(phase for release in releases for phase in release.phases))
    colors = {name: COLORS[at % len(COLORS)] for at, name in enumerate(names)}
    key = "".join(f'<i style="background:{color}"></i>{html.escape(name)}' for name, color in colors.items())
    rows = [
        [
            f"{one.time:%Y-%m-%d %H:%M}",
            *_commit(one.execution, delivery),
            _span(timedelta(seconds=one.lead_time) if one.lead_time is not None else None),
            _bar(one, colors),
        ]
        for one in releases
    ]
    table = _table(["Released", "Commit", "", "Lead time", "Phases"], rows, "No release yet.")
    return f'<p class="key">{key}</p>{table}' if names else table


def _bar(release: Release, colors: Mapping[str, str]) -> str:
    parts = (
        f'<span style="flex:{spent:.0f};background:{colors[phase]}" '
        f'title="{html.escape(phase)}: {_span(timedelta(seconds=spent))}"></span>'
        for phase, spent in release.phases.items()
        if spent
    )
    return f'<div class="bar">{"".join(parts)}</div>' if release.phases else "released before"


def _failures(delivery: Delivery) -> str:
    rows = [
        [f"{one.time:%Y-%m-%d %H:%M}", *_commit(one.execution, delivery), html.escape(one.details["because"])]
        for one in delivery.failures()
    ]
    return _table(["Failed", "Commit", "", "Because"], rows, "None.")


def _commit(execution: Execution, delivery: Delivery) -> tuple[str, str]:
    """Return a commit with a link to its run, and its title."""
    address = html.escape(delivery.address(execution))
    return (
        f'<a href="{address}"><code>{html.escape(execution.commit[:SHORT]) or "?"}</code></a>',
        html.escape(execution.title),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> str:
    if not rows:
        return f"<p>{html.escape(nothing)}</p>"
    titles = "".join(f"<th>{one}</th>" for one in head)
    lines = "".join(f"<tr>{''.join(_cell(cell, head[at]) for at, cell in enumerate(row))}</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{lines}</table>"


def _cell(cell: str, head: str) -> str:
    return f"<td>{cell}</td>" if head else f'<td class="title">{cell}</td>'


def _span(time: timedelta | None) -> str:
    """Return a duration in its two largest units."""
    if time is None:
        return "-"
    minutes = max(0, round(time.total_seconds() / 60))
    days, hours, minutes = minutes // 1_440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return (f"{hours} h {minutes} min" if minutes else f"{hours} h") if hours else f"{minutes} min"
