"""Renders a report's data as HTML."""

import base64
import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rehearsal.engine.masking import masked
from rehearsal.report.page import excerpt
from rehearsal.report.permissions import summary_line

FOLDER = Path(__file__).parent
MOST_TICKS = 8
LEAST_WIDTH = 0.35
"""Percent, so that the bar of a very short action is visible."""
SET_UP = "set-up"
"""The name of the rehearsal's own stage."""
LEAST_SHARE = 0.02
"""Of the total time; shorter actions are not listed under the critical path."""


@dataclass(frozen=True)
class Bar:
    """A bar on the time axis, in percent of the total time."""

    start: float
    width: float
    waiting: float = 0.0
    """How much longer the other actions of its group ran."""


@dataclass(frozen=True)
class Row:
    """One action on the page."""

    anchor: str
    title: str
    """Its name, after its stage's name unless that is the set-up."""
    action: Mapping[str, Any]
    bar: Bar | None
    log: excerpt.Excerpt
    log_link: str
    page_links: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it ended the rehearsal."""
        return self.action["status"] in ("failed", "not-rehearsed", "rejected", "stopped")

    @property
    def failing_anchor(self) -> str:
        """The anchor of the line that explains the failure."""
        return f"{self.anchor}-why" if self.log.failing is None else f"{self.anchor}-line-{self.log.failing}"

    @property
    def effects(self) -> Counter[str]:
        """Resources by effect; none if the action failed, because CloudFormation rolled them back."""
        change_set = self.action["change_set"]
        if change_set is None or self.action["status"] != "succeeded":
            return Counter()
        return Counter(change["effect"] for change in change_set["changes"])

    @property
    def outcomes(self) -> Counter[str]:
        """Tests by outcome."""
        return Counter(test["outcome"] for test in self.action["tests"])


@dataclass(frozen=True)
class Group:
    """One stage on the page, or the set-up."""

    name: str
    title: str
    status: str
    seconds: float
    reason: str
    bar: Bar | None
    rows: tuple[Row, ...]
    earlier: bool
    """Whether it belongs to a superseded execution."""


def write(document: Mapping[str, Any], file: Path, *, secrets: Iterable[str]) -> None:
    """Write the page to `file`; `secrets` are masked in the logs it shows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render(document, folder=file.parent, secrets=secrets), encoding="utf-8")


def render(document: Mapping[str, Any], *, folder: Path, secrets: Iterable[str]) -> str:
    """Return the page; its links to the full logs are relative to `folder`."""
    groups = _Page(document, folder, tuple(secrets)).groups()
    rows = [row for group in groups for row in group.rows]
    present = [row for group in groups if not group.earlier for row in group.rows]
    style = Markup((FOLDER / "page.css").read_text())  # noqa: S704 - our own file
    script = Markup((FOLDER / "page.js").read_text())  # noqa: S704 - our own file
    # In the page itself, because a file opened from disk has no HTTP headers.
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        ]
    )
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "seconds": _seconds,
        "kind": _kind,
        "counted": _counted_in_words,
        "permissions_summary": summary_line,
    }
    return environment.get_template("page.html.jinja").render(
        document=document,
        groups=groups,
        failed=[row for row in present if row.failed],
        critical=[row for row in rows if row.action["critical"]],
        statuses=Counter(row.action["status"] for row in rows),
        results=Counter(row.action["status"] for row in present),
        effects=sum((row.effects for row in present), Counter()),
        outcomes=sum((row.outcomes for row in present), Counter()),
        ticks=_ticks(document["seconds"]),
        least_share=LEAST_SHARE,
        style=style,
        script=script,
        policy=policy,
    )


class _Page:
    """Lays out the actions on the page."""

    def __init__(self, document: Mapping[str, Any], folder: Path, secrets: tuple[str, ...]) -> None:
        self._document = document
        self._folder = folder
        self._secrets = secrets
        self._whole = document["seconds"] or 1.0

    def groups(self) -> list[Group]:
        set_up = {
            "name": SET_UP,
            "status": _overall(step["status"] for step in self._document["set_up"]),
            "reason": "",
            "actions": self._document["set_up"],
        }
        groups = [self._group(set_up, "Set-up", SET_UP)]
        for number, stages in enumerate(self._document["superseded"], 1):
            which = "earlier delivery" if number <= self._document["executions_before"] else f"execution {number}"
            groups += [
                self._group(stage, f"{stage['name']} · {which}", f"execution-{number}-{stage['name']}", earlier=True)
                for stage in stages
                if stage["status"] != "waiting"
            ]
        return groups + [self._group(stage, stage["name"], stage["name"]) for stage in self._document["stages"]]

    def _group(self, stage: Mapping[str, Any], title: str, anchor: str, *, earlier: bool = False) -> Group:
        rows = tuple(self._row(action, anchor, title) for action in stage["actions"])
        starts = [action["started"] for action in stage["actions"] if action["started"] is not None]
        ends = [action["started"] + action["seconds"] for action in stage["actions"] if action["started"] is not None]
        seconds = max(ends) - min(starts) if starts else 0.0
        bar = self._bar(min(starts), seconds) if starts else None
        return Group(stage["name"], title, stage["status"], seconds, stage["reason"], bar, rows, earlier)

    def _row(self, action: Mapping[str, Any], group: str, title: str) -> Row:
        started = action["started"]
        name = f"{group}-{action['name']}"
        return Row(
            anchor="".join(character if character.isalnum() else "-" for character in name),
            title=action["name"] if group == SET_UP else f"{title} / {action['name']}",
            action=action,
            bar=None if started is None else self._bar(started, action["seconds"], action["waited_for_others"]),
            log=excerpt.read(
                Path(action["log"]),
                range(*action["log_lines"]),
                failed=action["status"] == "failed",
                mask=lambda line: masked(line, self._secrets),
                reason=action["reason"],
            ),
            log_link=quote(os.path.relpath(action["log"], self._folder)),
            page_links=tuple(quote(os.path.relpath(page, self._folder)) for page in action.get("pages", [])),
        )

    def _bar(self, start: float, seconds: float, waiting: float = 0.0) -> Bar:
        percent = 100 / self._whole
        width = max(seconds * percent, LEAST_WIDTH)
        return Bar(round(min(start * percent, 100 - width), 3), round(width, 3), round(waiting * percent, 3))


def _overall(statuses: Iterable[str]) -> str:
    found = set(statuses)
    return next(
        (status for status in ("failed", "not-rehearsed", "stopped", "running") if status in found), "succeeded"
    )


def _counted_in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.items())


def _ticks(seconds: float) -> list[tuple[float, str]]:
    """Return labelled ticks of the time axis with their positions in percent."""
    least = max(seconds, 0.1) / MOST_TICKS
    magnitude = 10 ** math.floor(math.log10(least))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= least)
    moments = [number * step for number in range(1, MOST_TICKS + 1) if number * step <= seconds * 0.98]
    return [(round(100 * moment / seconds, 3), f"{moment:g} s") for moment in moments]


def _seconds(seconds: float) -> str:
    """Format a duration."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _kind(resource_type: str) -> str:
    """Shorten a resource type."""
    return resource_type.removeprefix("AWS::").replace("::", " ")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
