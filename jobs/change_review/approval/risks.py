"""The changes of a release by risk, so that a replaced VPC never looks like a new task definition."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from jobs.change_review.approval.exercised import Received
from jobs.change_review.approval.history import Commit
from jobs.change_review.dependents import SUBJECT as OUTPUTS
from jobs.change_review.differences import CHANGED, INTERRUPTED_ONLY, REMOVED, REPLACED, ResourceChange
from jobs.change_review.execution_permissions import SUBJECT as EXECUTION
from jobs.change_review.findings import Finding
from jobs.change_review.permissions import SUBJECT as PERMISSIONS
from jobs.change_review.review import Review, StackReview

UNKNOWN: Final = "unknown"
INTERRUPTED: Final[Mapping[str, Collection[str]]] = {
    "AWS::RDS::DBInstance": {"AllocatedStorage", "CACertificateIdentifier", "DBInstanceClass", "EngineVersion"},
    "AWS::ElastiCache::ReplicationGroup": {"CacheNodeType", "EngineVersion"},
}
"""Properties whose update stops or slows the resource for a while (RDS User Guide, "Settings for DB instances";
ElastiCache User Guide, "Scaling" and "Upgrading engine versions")."""


class Level(IntEnum):
    """How much a change can harm, the worst first."""

    REFUSED = 0
    DATA = 1
    REPLACEMENT = 2
    INTERRUPTION = 3
    REVISION = 4

    @property
    def words(self) -> str:
        """What is at risk."""
        return _WORDS[self]


_WORDS: Final = {
    Level.REFUSED: "the deployment would fail",
    Level.DATA: "data or an address is lost",
    Level.REPLACEMENT: "replaced or removed",
    Level.INTERRUPTION: "interrupted, or access widened",
    Level.REVISION: "new revisions, routine",
}


@dataclass(frozen=True, kw_only=True)
class Risk:
    """One change that an approver should know of."""

    level: Level
    stack: str
    subject: str
    """A resource's logical id with its type, or what else changes."""
    what: str
    """What happens to it, in one sentence that names it."""
    finding: Finding | None = None
    """What the review found about it, with the reason for accepting it; None: it needs no acceptance."""
    accepted_by: str = UNKNOWN
    """Who wrote that reason."""
    untested: tuple[str, ...] = ()
    """The earlier environments that did not receive this change."""

    @property
    def stops(self) -> bool:
        """Whether it stops the release."""
        return self.finding is not None and self.finding.accepted is None


def risks(
    review: Review, *, earlier: Sequence[Received] = (), acceptances: Mapping[str, Commit] | None = None
) -> tuple[Risk, ...]:
    """Return the review's risks, the worst first. Resources that are added or updated in place are none."""
    by_subject: defaultdict[tuple[str, str], list[Finding | None]] = defaultdict(list)
    for finding in review.findings:
        by_subject[finding.stack, finding.subject].append(finding)
    authors = acceptances or {}
    found = [
        risk
        for stack in review.stacks
        for change in stack.difference.resources
        for finding in by_subject.pop((stack.name, change.logical_id), [None])
        if (risk := _of_change(stack, change, finding, earlier, authors))
    ]
    found += [_of_finding(finding, authors) for rest in by_subject.values() for finding in rest if finding]
    return tuple(sorted(found, key=lambda risk: (risk.level, not risk.stops)))


def counted(found: Sequence[Risk]) -> Iterator[tuple[Level, int]]:
    """Yield how many risks there are of each level."""
    yield from sorted(Counter(risk.level for risk in found).items())


def _of_change(
    stack: StackReview,
    change: ResourceChange,
    finding: Finding | None,
    earlier: Sequence[Received],
    authors: Mapping[str, Commit],
) -> Risk | None:
    level = _level(change, finding)
    if level is None:
        return None
    return Risk(
        level=level,
        stack=stack.name,
        subject=f"{change.logical_id} ({change.type})",
        what=finding.title if finding else f"{change.logical_id} ({change.type}) {_what(change)}",
        untested=tuple(one.environment for one in earlier if not stack.is_new and not one.has(stack.part, change)),
        finding=finding,
        accepted_by=_author(finding, authors),
    )


def _level(change: ResourceChange, finding: Finding | None) -> Level | None:
    if finding:
        return Level.REFUSED if finding.impossible else Level.DATA
    if change.is_revision:
        return Level.REVISION
    if change.kind in (REPLACED, REMOVED):
        return Level.REPLACEMENT
    if change.kind == CHANGED and _interrupted(change):
        return Level.INTERRUPTION
    return None


def _interrupted(change: ResourceChange) -> bool:
    properties = {*INTERRUPTED_ONLY.get(change.type, ()), *INTERRUPTED.get(change.type, ())}
    return not properties.isdisjoint(change.because)


def _what(change: ResourceChange) -> str:
    because = f", because {', '.join(change.because)} changes" if change.because else ""
    if change.is_revision:
        return f"gets a new revision{because}"
    return {
        REPLACED: f"would be replaced{because}",
        REMOVED: "would be removed: the release no longer contains it",
    }.get(change.kind, f"is interrupted while {', '.join(change.because)} changes")


def _of_finding(finding: Finding, authors: Mapping[str, Commit]) -> Risk:
    """Return the risk of a finding about more than one resource."""
    levels = {PERMISSIONS: Level.INTERRUPTION, OUTPUTS: Level.REPLACEMENT, EXECUTION: Level.REFUSED}
    level = Level.REFUSED if finding.impossible else levels.get(finding.subject, Level.DATA)
    return Risk(
        level=level,
        stack=finding.stack,
        subject=finding.subject,
        what=finding.title,
        finding=finding,
        accepted_by=_author(finding, authors),
    )


def _author(finding: Finding | None, authors: Mapping[str, Commit]) -> str:
    commit = authors.get(finding.change) if finding else None
    return commit.author if commit else UNKNOWN
