"""What an action brings to light on its way: kept whether it succeeds or fails."""

from dataclasses import dataclass, field
from enum import StrEnum


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
    """The names of the properties that differ; their values may be confidential."""


@dataclass(frozen=True)
class Consumer:
    """A resource that refers to one that is replaced."""

    stack: str
    logical_id: str
    replaced: str
    """The logical id of what is replaced."""


@dataclass(frozen=True)
class ChangeSet:
    """What a deployment does to one stack."""

    stack: str
    changes: tuple[ResourceChange, ...]
    affected: tuple[Consumer, ...] = ()
    """What refers to a resource that is replaced, in this stack and in others deployed in its account."""


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
    """Why it did not pass."""


@dataclass(frozen=True)
class Question:
    """What was asked at a gate, and the answer; None while there is none."""

    text: str
    approved: bool | None = None


@dataclass
class ActionDetails:
    """Everything one action has brought to light."""

    change_set: ChangeSet | None = None
    tests: list[CaseResult] = field(default_factory=list)
    question: Question | None = None
    external_id: str = ""
    """What the action's provider calls what it did: a build's id."""
    log: tuple[str, str] | None = None
    """Group and stream of the log in the emulated CloudWatch Logs."""
    replaced: set[str] = field(default_factory=set)
    """Variables of a build that the rehearsal gave another value than the pipeline."""
    secrets: set[str] = field(default_factory=set)
    """Values that no report may show."""
