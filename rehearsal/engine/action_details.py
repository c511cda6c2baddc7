"""Details of an action for the report, recorded whether it succeeds or fails."""

from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.gaps import GapKind


class Effect(StrEnum):
    """What a deployment does to a resource."""

    ADDED = "added"
    CHANGED = "changed"
    REPLACED = "replaced"
    REMOVED = "removed"


@dataclass(frozen=True)
class ResourceChange:
    """One resource of a change set."""

    logical_id: str
    resource_type: str
    effect: Effect
    properties: tuple[str, ...] = ()
    """Names only, because values may be confidential."""


@dataclass(frozen=True)
class Consumer:
    """A resource that refers to a replaced one."""

    stack: str
    logical_id: str
    replaced: str
    """The logical id of the replaced resource."""


@dataclass(frozen=True)
class ChangeSet:
    """What a deployment does to one stack."""

    stack: str
    changes: tuple[ResourceChange, ...]
    affected: tuple[Consumer, ...] = ()
    """Resources that refer to a replaced one, in this stack and in others of its account."""


class CaseOutcome(StrEnum):
    """How one test case ended, in JUnit's terms."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class CaseResult:
    """One test case of a build's report."""

    suite: str
    name: str
    seconds: float
    outcome: CaseOutcome
    message: str = ""
    """The reason if it did not pass."""


@dataclass(frozen=True)
class Question:
    """The message of a manual approval, and the answer; None without one."""

    text: str
    approved: bool | None = None


@dataclass
class ActionDetails:
    """The details of one action."""

    change_set: ChangeSet | None = None
    tests: list[CaseResult] = field(default_factory=list)
    question: Question | None = None
    external_id: str = ""
    """The provider's id of the execution, such as a build's id."""
    log: tuple[str, str] | None = None
    """Log group and stream in the emulated CloudWatch Logs."""
    artifacts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Bucket and key of each output artifact in the emulated S3, by name."""
    replaced: set[str] = field(default_factory=set)
    """Overridden variables of a build."""
    pages: dict[str, str] = field(default_factory=dict)
    """HTML pages that a build stored in S3 and linked to, by `bucket/key`."""
    secrets: set[str] = field(default_factory=set)
    """Values that reports must mask."""
    gaps: list[tuple[GapKind, str]] = field(default_factory=list)
    """What the action met and could not rehearse, with the reason, although it went on."""
