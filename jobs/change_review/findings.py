"""Findings, which stop a release until somebody accepts exactly this change."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """An accepted change: a table of `accepted_changes` in `delivery.toml`."""

    stack: str
    subject: str
    change: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a release would lose, open, or fail at."""

    stack: str
    subject: str
    """A resource's logical id, or `permissions`."""
    title: str
    """One line: what happens to which resource, and why."""
    details: tuple[str, ...] = ()
    change: str
    """The fingerprint of this change; a different change of the same resource has a different one."""
    impossible: bool = False
    """Whether AWS rejects the change, so that accepting it would only fail the deployment."""
    accepted: str | None = None
    """The reason for accepting it; None if it is not accepted."""
    command: str | None = None
    """The command that fixes it, if accepting cannot."""


def fingerprint(*parts: Any) -> str:
    """Return a hash of the values, 12 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def mark_accepted(finding: Finding, acceptances: Iterable[Acceptance]) -> Finding:
    """Return the finding, as accepted if an acceptance names its stack, subject and change."""
    if finding.impossible or finding.command is not None:
        return finding
    for one in acceptances:
        if (one.stack, one.subject, one.change) == (finding.stack, finding.subject, finding.change):
            return replace(finding, accepted=one.reason)
    return finding
