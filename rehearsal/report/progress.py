"""The state of a running rehearsal, for the screen and the report."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from rehearsal.actions.run import Deployed
from rehearsal.engine.action_details import ActionDetails
from rehearsal.engine.definition import Action, Definition, Stage
from rehearsal.engine.masking import masked
from rehearsal.gaps import Gap, GapKind
from rehearsal.report.permissions import Refusal
from rehearsal.report.tool_noise import without_noise

PAGE = ".page-"
"""What follows the name of an action's log in the names of the pages that it left."""


class Status(StrEnum):
    """The state of an action or stage."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    STOPPED = "stopped"
    NOT_REHEARSED = "not-rehearsed"
    """A gap of the rehearsal; this says nothing about the release."""

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self not in (Status.WAITING, Status.RUNNING)


class Result(StrEnum):
    """How a rehearsal ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    REJECTED = "rejected"
    NOT_REHEARSED = "not-rehearsed"
    """It could not go on; see `Status.NOT_REHEARSED`."""


class Verdict(StrEnum):
    """What a rehearsal says about the release."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REHEARSED = "not rehearsed"
    """Everything that ran succeeded, but something did not run."""
    STOPPED = "stopped"
    REJECTED = "rejected"


@dataclass
class ActionProgress:
    """One action, or one step of the set-up."""

    stage: str
    name: str
    provider: str
    run_order: int
    log_file: Path
    status: Status = Status.WAITING
    reason: str = ""
    line: str = ""
    """What it does now, from its output."""
    started: float | None = None
    ended: float | None = None
    passed_over: bool = False
    """Whether the execution went on although this action was not rehearsed."""
    deployed: Deployed | None = None
    details: ActionDetails = field(default_factory=ActionDetails)
    log_lines: range = range(0)
    """The lines of its log file, from 0, that belong to this execution; an earlier one may precede."""
    pages: dict[str, Path] = field(default_factory=dict)
    """The pages that it left, beside its log, by `bucket/key` of the object in S3."""

    @property
    def full_name(self) -> str:
        """Stage and action."""
        return f"{self.stage}/{self.name}"

    @property
    def seconds(self) -> float:
        """Duration so far."""
        if self.started is None:
            return 0.0
        return (self.ended or time.monotonic()) - self.started


@dataclass
class StageProgress:
    """One stage and its actions."""

    name: str
    actions: list[ActionProgress]
    status: Status = Status.WAITING
    reason: str = ""

    @property
    def seconds(self) -> float:
        """How long at least one action was running."""
        now = time.monotonic()
        spans = sorted((one.started, one.ended or now) for one in self.actions if one.started is not None)
        seconds, until = 0.0, 0.0
        for start, end in spans:
            seconds += max(0.0, end - max(start, until))
            until = max(until, end)
        return seconds


@dataclass(frozen=True)
class Notification:
    """A message published to an SNS topic of the emulated AWS, which has no subscribers."""

    topic: str
    """Its ARN."""
    subject: str
    text: str
    """The body of the e-mail."""

    @property
    def topic_name(self) -> str:
        """The topic's name."""
        return self.topic.rsplit(":", 1)[-1]


STOPPED: Final = "the rehearsal was stopped"
"""The reason of an action that ended with the rehearsal."""

Listener = Callable[[ActionProgress | StageProgress | Notification | Refusal], None]


@dataclass
class Progress:
    """A whole rehearsal."""

    logs: Path
    listener: Listener
    variable_overrides: Mapping[str, str] = field(default_factory=dict)
    """Values that replace those of the builds' variables, by name."""
    set_up: StageProgress = field(init=False)
    stages: list[StageProgress] = field(default_factory=list)
    superseded: list[list[StageProgress]] = field(default_factory=list)
    """Stages of earlier executions, oldest first: of earlier deliveries, and before the pipeline updated itself."""
    started: float = field(default_factory=time.monotonic)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: float | None = None
    result: Result | None = None
    reason: str = ""
    notifications: list[Notification] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    """Calls that the policies do not allow, in order."""
    permissions: dict[str, Any] | None = None
    """The permission report; None until the rehearsal has ended."""
    failed_functions: list[str] = field(default_factory=list)
    """Lambda functions that failed to process an event, and why."""
    gaps: list[Gap] = field(default_factory=list)
    """What is not rehearsed, in the order in which it was found."""
    accepted: frozenset[GapKind] = frozenset()
    """Kinds of gaps that do not change the verdict."""
    secrets: set[str] = field(default_factory=set, repr=False)
    """Values that nobody may see, of every account; an action's own are in its details."""
    recorded_types: list[str] = field(default_factory=list)
    """Resource types that the emulator recorded without simulating them."""
    runtimes: Mapping[str, list[str]] = field(default_factory=dict)
    """How functions ran otherwise than in their runtimes, each with their names."""
    _written: dict[Path, int] = field(default_factory=dict, init=False, repr=False)
    """Lines per log file."""
    _own_logs: dict[str, tuple[str, str]] = field(default_factory=dict, init=False, repr=False)
    """Stage and action by the name of their log file in lower case, as some file systems compare names."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    """Builds of a batch, and the servers of the set-up, write to one log."""
    executions_before: int = field(default=0, init=False)
    """How many of `superseded` belong to earlier deliveries."""
    deliveries: tuple[str, ...] = ()
    """The commits that are delivered one after the other, for people; empty: there is only one."""
    delivery: int = field(default=1, init=False)
    """The number of the current one."""

    def __post_init__(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        self.set_up = StageProgress("set-up", [])

    def effective_overrides(self) -> dict[str, str]:
        """Return the overridden variables that at least one build has."""
        stages = itertools.chain.from_iterable([*self.superseded, self.stages])
        replaced = {name for stage in stages for action in stage.actions for name in action.details.replaced}
        return {name: value for name, value in self.variable_overrides.items() if name in replaced}

    def add_step(self, name: str, provider: str) -> ActionProgress:
        """Add a step of the set-up."""
        step = self._action("set-up", name, provider, len(self.set_up.actions) + 1)
        self.set_up.actions.append(step)
        return step

    def begin(self, definition: Definition) -> None:
        """Start an execution; the stages of the one before it become superseded."""
        if self.stages:
            self.superseded.append(self.stages)
        self.stages = [self._stage(stage) for stage in definition.stages]

    def begin_release(self, unplanned: str = "") -> None:
        """Mark the executions so far as an earlier delivery's.

        `unplanned` describes, for people, a delivery that a command has started.
        """
        self.executions_before = len(self.superseded) + 1
        self.delivery += 1
        if unplanned:
            self.deliveries = (*(self.deliveries or ("",)), unplanned)

    def add_stage(self, stage: Stage) -> StageProgress:
        """Add a stage that the definition does not have, for a rollback."""
        self.stages.append(self._stage(stage))
        return self.stages[-1]

    def add_action(self, stage: str, action: Action) -> ActionProgress:
        """Add an action that the stage's definition does not have, for a rule; again for one that is run again."""
        found = next(item for item in self.stages if item.name == stage)
        found.actions.append(self._action(stage, action.name, action.provider, action.run_order))
        return found.actions[-1]

    def action(self, stage: str, name: str) -> ActionProgress:
        """Return the progress of an action of the current execution."""
        found = next(item for item in self.stages if item.name == stage)
        return next(item for item in found.actions if item.name == name)

    def start(self, action: ActionProgress) -> None:
        """Mark an action as running."""
        action.status, action.started, action.ended, action.reason = Status.RUNNING, time.monotonic(), None, ""
        action.passed_over = False
        # A retry starts with empty details but must still mask the secrets seen before.
        action.details = ActionDetails(secrets=action.details.secrets)
        written = self._written.get(action.log_file, 0)
        action.log_lines = range(written, written)
        self.listener(action)

    def log(self, action: ActionProgress, line: str) -> None:
        """Add a line of output to the action's log, without secrets."""
        line = self._masked(line, action)
        action.line = without_noise(line) or action.line
        with self._lock:
            with action.log_file.open("a") as log:
                log.write(line + "\n")
            self._written[action.log_file] = self._written.get(action.log_file, 0) + line.count("\n") + 1
            action.log_lines = range(action.log_lines.start, self._written[action.log_file])

    def _masked(self, text: str, action: ActionProgress) -> str:
        return masked(text, self.secrets | action.details.secrets)

    def end(self, action: ActionProgress, status: Status, reason: str = "") -> None:
        """Mark an action as ended."""
        action.status, action.reason, action.ended = status, self._masked(reason, action), time.monotonic()
        for name, text in action.details.pages.items():
            earlier = len(list(self.logs.glob(f"{action.log_file.stem}{PAGE}*")))
            page = self.logs / f"{action.log_file.stem}{PAGE}{earlier + 1}.html"
            page.write_text(text)
            action.pages[name] = page
        self.listener(action)

    def skip(self, stage: StageProgress, reason: str) -> None:
        """Mark the stage's actions that did not run as skipped."""
        for action in stage.actions:
            if action.status is Status.WAITING:
                self.end(action, Status.SKIPPED, reason)

    def set_stage(self, stage: StageProgress, status: Status, reason: str = "") -> None:
        """Set a stage's status."""
        stage.status, stage.reason = status, reason
        self.listener(stage)

    def add_notification(self, notification: Notification) -> None:
        """Add a published notification."""
        self.notifications.append(notification)
        self.listener(notification)

    def add_refusal(self, refusal: Refusal) -> None:
        """Add a call that no policy allows."""
        self.refusals.append(refusal)
        self.listener(refusal)

    def add_gap(self, gap: Gap) -> None:
        """Add something that is not rehearsed; once, also if it is found again."""
        with self._lock:
            if gap not in self.gaps:
                self.gaps.append(gap)

    @property
    def verdict(self) -> Verdict:
        """What the rehearsal says about the release; before its end, that it was stopped."""
        if self.result is not Result.SUCCEEDED:
            return Verdict[self.result.name] if self.result else Verdict.STOPPED
        left = [gap for gap in self.gaps if not gap.is_minor and gap.kind not in self.accepted]
        return Verdict.NOT_REHEARSED if left else Verdict.PASSED

    def finish(self, result: Result, reason: str = "") -> None:
        """Set the rehearsal's result and mark running actions as stopped."""
        self.result, self.reason, self.ended = result, reason, time.monotonic()
        for stage in [self.set_up, *self.stages]:
            for action in stage.actions:
                if action.status is Status.RUNNING:
                    self.end(action, Status.STOPPED, STOPPED)
            if stage.status is Status.RUNNING:
                self.set_stage(stage, Status.STOPPED)

    @property
    def restarts(self) -> int:
        """How often the pipeline updated itself and restarted."""
        return max(0, len(self.superseded) - self.executions_before)

    @property
    def seconds(self) -> float:
        """Seconds from the start to the end, or to now."""
        return (self.ended or time.monotonic()) - self.started

    def _stage(self, stage: Stage) -> StageProgress:
        return StageProgress(
            stage.name,
            [
                self._action(stage.name, action.name, action.provider, action.run_order)
                for group in stage.run_orders()
                for action in group
            ],
        )

    def _action(self, stage: str, name: str, provider: str, run_order: int) -> ActionProgress:
        return ActionProgress(stage, name, provider, run_order, self._log_file(stage, name))

    def _log_file(self, stage: str, name: str) -> Path:
        """Return the file of an action's log, without what an earlier rehearsal wrote; a restart appends to its own."""
        safe = "".join(c if c.isalnum() or c in "-._" else "_" for c in f"{stage}-{name}")
        for number in itertools.count(1):
            stem = safe if number == 1 else f"{safe}.{number}"
            with self._lock:
                is_new = stem.lower() not in self._own_logs
                # The action `B-C` of the stage `A` is not the action `C` of the stage `A-B`.
                if self._own_logs.setdefault(stem.lower(), (stage, name)) != (stage, name):
                    continue
            if is_new:
                for left in (self.logs / f"{stem}.log", *self.logs.glob(f"{stem}{PAGE}*")):
                    left.unlink(missing_ok=True)
            return self.logs / f"{stem}.log"
        raise AssertionError("a count has no end")
