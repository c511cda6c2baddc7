"""What every kind of action is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rehearsal.engine.account_kind import BuildSlots
from rehearsal.engine.action_details import ActionDetails
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.cloud import AwsEnvironment, Cloud, Credentials
from rehearsal.engine.definition import Action, Definition
from rehearsal.process.processes import Processes

CODEPIPELINE = "codepipeline.amazonaws.com"
CODEBUILD = "codebuild.amazonaws.com"


class ActionFailed(Exception):  # noqa: N818 - named as CodePipeline names the state
    """The action failed; the text is the reason a person reads."""


class ActionNotEmulated(Exception):  # noqa: N818
    """The emulated AWS cannot do what the action asks of it: nothing is said about the release."""


class ActionSkipped(Exception):  # noqa: N818
    """The action cannot be real on this machine; the text says why. It is never counted as passed."""


class Rejected(Exception):  # noqa: N818
    """A person, or `--approve no`, said no at the gate."""


class Unanswered(Exception):  # noqa: N818
    """The approver was reached and nobody is there to answer."""


@dataclass(frozen=True)
class Resource:
    """A resource of a deployed stack."""

    logical_id: str
    resource_type: str
    physical_id: str


@dataclass(frozen=True)
class Deployed:
    """A stack an action has deployed."""

    name: str
    place: AwsEnvironment
    outputs: dict[str, str]
    fake_tasks: tuple[str, ...] = ()
    """What stands in for the stack's tasks, in words."""
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What an action that succeeded leaves behind."""

    variables: Mapping[str, str] = field(default_factory=dict)
    deployed: Deployed | None = None


Clock = Callable[[], datetime]
"""Tells the time, with its zone."""


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class Approver(Protocol):
    """Who answers at a manual approval."""

    def ask(self, action: str, message: str) -> bool:
        """Return the answer; raises Unanswered when there is nobody to give one."""
        ...


class Workloads(Protocol):
    """Who puts something behind the load balancers of a deployed stack."""

    def start(self, stack_name: str, place: AwsEnvironment) -> tuple[str, ...]:
        """Start what the stack's services would run; return it in words."""
        ...


@dataclass(frozen=True)
class Context:
    """What the actions of one execution share."""

    cloud: Cloud
    processes: Processes
    artifacts: Artifacts
    definition: Definition
    home: AwsEnvironment
    execution_id: str
    repository: Path
    commit: str
    directory: Path
    """Where builds have their clean folders."""
    approver: Approver
    workloads: Workloads
    clock: Clock = now
    """What time it is in the rehearsal."""
    variable_overrides: Mapping[str, str] = field(default_factory=dict)
    """Values that builds get instead of the pipeline's, by the names of their variables."""
    build_slots: BuildSlots = field(default_factory=BuildSlots)
    """How many builds the account may run at once."""

    def pipeline_credentials(self) -> Credentials:
        """Return the credentials of the pipeline's own role."""
        return self.cloud.assume_as_service(CODEPIPELINE, self.definition.role_arn, self.execution_id)


@dataclass(frozen=True)
class Run:
    """One action of one execution."""

    stage: str
    action: Action
    configuration: Mapping[str, str]
    """The action's configuration with every variable resolved."""
    context: Context
    log: Callable[[str], None]
    fail_on_purpose: bool = False
    details: ActionDetails = field(default_factory=ActionDetails)
    """Where the action puts what is to be reported of it, however it ends."""

    @property
    def name(self) -> str:
        """Stage and action, as `--fail` takes them."""
        return f"{self.stage}/{self.action.name}"
