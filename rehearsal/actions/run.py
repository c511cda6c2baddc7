"""The input and output of every kind of action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cloud_assembly import AwsEnvironment
from rehearsal.engine.account_kind import BuildSlots
from rehearsal.engine.action_details import ActionDetails
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.cloud import Cloud, Credentials
from rehearsal.engine.definition import Action, Definition
from rehearsal.errors import CUSTOM_RESOURCE_NOT_EMULATED, NOT_EMULATED, PLACEHOLDER, is_gap
from rehearsal.gaps import GapKind
from rehearsal.process.processes import Processes

CODEPIPELINE = "codepipeline.amazonaws.com"
CODEBUILD = "codebuild.amazonaws.com"


class ActionFailed(Exception):  # noqa: N818 - named as CodePipeline names the state
    """The action failed; the text is the reason to show."""


class ActionNotEmulated(Exception):  # noqa: N818
    """The action began and the emulator cannot do what it needs, so that the execution cannot go on.

    This says nothing about the release.
    """

    @property
    def kind(self) -> GapKind:
        """Return what kind of gap it is."""
        if CUSTOM_RESOURCE_NOT_EMULATED in str(self):
            return GapKind.CUSTOM_RESOURCE
        return GapKind.EMULATOR if NOT_EMULATED in str(self) or PLACEHOLDER not in str(self) else GapKind.GIVEN


def failed(message: str) -> ActionFailed | ActionNotEmulated:
    """Return the failure with this message, unless that says nothing about the release."""
    return ActionNotEmulated(message) if is_gap(message) else ActionFailed(message)


class ActionNotRehearsed(Exception):  # noqa: N818
    """The action cannot be rehearsed; the text says why. The execution goes on until something needs its output."""

    def __init__(self, kind: GapKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Rejected(Exception):  # noqa: N818
    """A manual approval was rejected."""


class Unanswered(Exception):  # noqa: N818
    """A manual approval got no answer."""


@dataclass(frozen=True)
class Resource:
    """A resource of a deployed stack."""

    logical_id: str
    resource_type: str
    physical_id: str


@dataclass(frozen=True)
class Deployed:
    """A deployed stack."""

    name: str
    aws_environment: AwsEnvironment
    outputs: dict[str, str]
    workloads: tuple[str, ...] = ()
    """Descriptions of what runs as the stack's tasks."""
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of an action that succeeded."""

    variables: Mapping[str, str] = field(default_factory=dict)
    deployed: Deployed | None = None


Clock = Callable[[], datetime]
"""Returns the time with its zone."""


def now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class Approver(Protocol):
    """Answers manual approvals."""

    def ask(self, action: str, message: str) -> bool:
        """Return whether the action is approved; raises Unanswered if nobody can answer."""
        ...


class Workloads(Protocol):
    """Starts what runs behind the load balancers of a deployed stack."""

    def start(self, stack_name: str, environment: AwsEnvironment) -> tuple[str, ...]:
        """Start the tasks of the stack's services; return a description of each."""
        ...


@dataclass(frozen=True)
class Context:
    """Shared by the actions of one execution."""

    cloud: Cloud
    processes: Processes
    artifacts: Artifacts
    definition: Definition
    home: AwsEnvironment
    execution_id: str
    repository: Path
    commit: str
    directory: Path
    """The parent of the builds' folders."""
    approver: Approver
    workloads: Workloads
    clock: Clock = now
    """The rehearsal's time."""
    variable_overrides: Mapping[str, str] = field(default_factory=dict)
    """Values that replace those of the builds' variables, by name."""
    pipeline_variables: Mapping[str, str] = field(default_factory=dict)
    """Values of the pipeline's own variables that the execution was started with; others have their defaults."""
    source_folders: Mapping[str, Path] = field(default_factory=dict)
    """What sources deliver, by the action's name, that do not deliver the commit."""
    limits_cloudformation: bool = False
    """Whether the assembly has policies of its own for CloudFormation, with a command that extends them."""
    build_slots: BuildSlots = field(default_factory=BuildSlots)
    """The account's quota of concurrent builds."""

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
    """Filled in by the action for the report, also when it fails."""
    pages: Mapping[str, Path] = field(default_factory=dict)
    """The kept pages of the actions before, by `bucket/key` of the object in S3."""

    def note_gap(self, kind: GapKind, reason: str) -> None:
        """Report something that is not rehearsed although the action goes on."""
        if (kind, reason) not in self.details.gaps:
            self.details.gaps.append((kind, reason))

    @property
    def name(self) -> str:
        """Stage and action, as `--fail` takes them."""
        return f"{self.stage}/{self.action.name}"

    @property
    def role_arn(self) -> str:
        """The role that carries out the action: its own or, without one, the pipeline's."""
        return self.action.role_arn or self.context.definition.role_arn

    @property
    def partition(self) -> str:
        """The AWS partition of its role."""
        return self.role_arn.split(":")[1]

    @property
    def aws_environment(self) -> AwsEnvironment:
        """Its role's account, and its region."""
        return AwsEnvironment(self.role_arn.split(":")[4], self.action.region or self.context.home.region)

    def credentials(self) -> Credentials:
        """Return the credentials of its role, which the pipeline's assumes if it is another."""
        caller = self.context.pipeline_credentials()
        if not self.action.role_arn:
            return caller
        region = self.aws_environment.region
        return self.context.cloud.assume(self.action.role_arn, caller, region, self.context.execution_id)
