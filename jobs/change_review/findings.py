"""What stops a release until somebody has said, for this very change, that it is meant."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A change that is meant: a table of `accepted_changes` in `delivery.toml`."""

    stack: str
    subject: str
    change: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a release would lose, or open."""

    stack: str
    subject: str
    """A resource's logical id, or `permissions`."""
    title: str
    """One line: what happens to whom, and why."""
    details: tuple[str, ...] = ()
    change: str
    """The fingerprint of this change; another change of the same resource has another one."""
    impossible: bool = False
    """Whether AWS refuses the change: then accepting it would only let the deployment fail."""
    accepted: str | None = None
    """Why it is let through; None: it is not."""
    command: str | None = None
    """What removes it, where accepting it would change nothing."""


def fingerprint(*parts: Any) -> str:
    """Return 12 hexadecimal digits that stand for these values, and for no others."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def judged(finding: Finding, acceptances: Iterable[Acceptance]) -> Finding:
    """Return the finding as accepted if an acceptance names its stack, its subject and this very change."""
    if finding.impossible or finding.command is not None:
        return finding
    for one in acceptances:
        if (one.stack, one.subject, one.change) == (finding.stack, finding.subject, finding.change):
            return replace(finding, accepted=one.reason)
    return finding
