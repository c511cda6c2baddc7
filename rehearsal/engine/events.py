"""What CodePipeline tells of an execution while it runs: the events it sends to EventBridge, and what its API answers.

The emulator is told in one message each: the event as EventBridge delivers it (CodePipeline User Guide, "Monitoring
CodePipeline events"), and under `known` what the API adds to it. Rules of the emulated account then do with the event
what they do with CodePipeline's own.
"""

import contextlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.actions.run import Context
from rehearsal.engine.definition import Action
from rehearsal.report.progress import ActionProgress, Status

Tell = Callable[[Mapping[str, Any]], None]
"""Hands a message to the emulator."""

STARTED, RESUMED, CANCELED = "STARTED", "RESUMED", "CANCELED"
"""States, as events spell them, that are no end, or only an execution's."""
SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"

ENDS: Mapping[str, str] = {
    Status.SUCCEEDED: SUCCEEDED,
    Status.FAILED: FAILED,
    Status.REJECTED: FAILED,
    Status.NOT_EMULATED: FAILED,
    Status.STOPPED: "STOPPED",
}
"""How executions and stages end, as events spell it; a `Result` is spelled as its `Status`."""
ENDS_OF_ACTIONS: Mapping[str, str] = {**ENDS, Status.SKIPPED: SUCCEEDED, Status.STOPPED: "ABANDONED"}
"""How actions end. One that cannot run on this machine would have run in CodePipeline."""

ROLLED_BACK = " (rollback)"
"""What a rehearsal calls a stage that is rolled back, behind its name; CodePipeline has only the name."""
APPROVER = "arn:aws:iam::000000000000:user/rehearsal"
"""Who answers at the gate of a rehearsal."""


@dataclass(frozen=True)
class Rollback:
    """What an execution that rolls back goes back to, and why."""

    target: str
    """The execution whose artifacts and variables it has."""
    failed: str
    """The execution it undoes."""


@dataclass
class EventPublisher:
    """Tells of one execution, each change once."""

    context: Context
    tell: Tell
    rollback: Rollback | None = None
    _attempt: int = field(default=1, init=False)
    _ended: set[tuple[str, int]] = field(default_factory=set, init=False)
    """What has told its end, and in which attempt: a stage by its name, the execution by none."""
    _began: dict[str, datetime] = field(default_factory=dict, init=False)
    _ids: dict[tuple[str, str], str] = field(default_factory=dict, init=False)
    """Ids of the actions' executions, by stage and action."""
    _source: dict[str, str] = field(default_factory=dict, init=False)

    def execution(self, state: str) -> None:
        """Tell that the execution has begun or ended; `state` is a `Result`, or `STARTED` or `CANCELED`."""
        state = ENDS.get(state, state)
        if state == STARTED or self._is_first(""):
            known: dict[str, Any] = {"kind": "ROLLBACK" if self.rollback else "STANDARD"}
            if self.rollback:
                known |= {"target": self.rollback.target, "failed": self.rollback.failed}
            self._send("Pipeline", {"state": state, **self._trigger()}, began=self._begin("", state), known=known)

    def stage(self, stage: str, state: str) -> None:
        """Tell that a stage has begun or ended; `state` is a `Status`, or `STARTED` or `RESUMED`.

        Of a stage that is passed by, CodePipeline says nothing.
        """
        name, state = stage.removesuffix(ROLLED_BACK), ENDS.get(state, state)
        if state == RESUMED:
            self._attempt += 1
        elif state == Status.SKIPPED or (state != STARTED and not self._is_first(name)):
            return
        self._send("Stage", {"stage": name, "state": state}, began=self._begin(name, state), known={})

    def action_started(self, stage: str, action: Action, configuration: Mapping[str, Any]) -> None:
        """Tell that an action has begun, with its configuration's variables resolved."""
        self._ids[stage, action.name] = str(uuid.uuid4())
        self._action(stage, action, STARTED, {"configuration": dict(configuration)})

    def action_ended(self, stage: str, action: Action, progress: ActionProgress, variables: Mapping[str, str]) -> None:
        """Tell how an action has ended, and what variables it has left."""
        details = progress.details
        known: dict[str, Any] = {
            "summary": progress.reason,
            "external_id": details.external_id,
            "variables": dict(variables),
        }
        if details.log:
            group, stream = details.log
            known["log"] = {"groupName": group, "streamName": stream}
        if details.question:
            known["updated_by"] = APPROVER
        state = ENDS_OF_ACTIONS[progress.status]
        if action.category == "Source" and state == SUCCEEDED:
            self._source = dict(variables)
        self._action(stage, action, state, known)

    def _action(self, stage: str, action: Action, state: str, known: Mapping[str, Any]) -> None:
        name = stage.removesuffix(ROLLED_BACK)
        detail: dict[str, Any] = {
            "stage": name,
            "action": action.name,
            "action-execution-id": self._ids[stage, action.name],
            "state": state,
            "region": action.region or self.context.home.region,
            "type": {"owner": "AWS", "provider": action.provider, "category": action.category, "version": "1"},
        }
        if state == FAILED:
            detail["execution-result"] = {
                "external-execution-summary": known["summary"],
                "external-execution-id": known["external_id"],
                "error-code": "JobFailed",
            }
        self._send("Action", detail, began=self._begin(f"{name}/{action.name}", state), known=known)

    def _is_first(self, who: str) -> bool:
        is_first = (who, self._attempt) not in self._ended
        self._ended.add((who, self._attempt))
        return is_first

    def _begin(self, who: str, state: str) -> datetime:
        if state == STARTED:
            self._began[who] = self.context.clock()
        return self._began.get(who) or self.context.clock()

    def _trigger(self) -> dict[str, Any]:
        """Say what began the execution; once the source is known, its event says what it brought."""
        if self.rollback:
            detail = f'{{"FailedPipelineExecutionId":"{self.rollback.failed}"}}'
            return {"execution-trigger": {"trigger-type": "AutomatedRollback", "trigger-detail": detail}}
        if not self._source:
            return {"execution-trigger": {"trigger-type": "WebhookV2", "trigger-detail": ""}}
        return {"execution-trigger": {_kebab(name): value for name, value in self._source.items()}}

    def _send(self, what: str, detail: Mapping[str, Any], *, began: datetime, known: Mapping[str, Any]) -> None:
        context = self.context
        home = context.home
        message = {
            "account": home.account,
            "region": home.region,
            "event": {
                "detail-type": f"CodePipeline {what} Execution State Change",
                "source": "aws.codepipeline",
                "time": _instant(context.clock()),
                "resources": [f"arn:aws:codepipeline:{home.region}:{home.account}:{context.definition.name}"],
                "detail": {
                    "pipeline": context.definition.name,
                    "execution-id": context.execution_id,
                    "start-time": _instant(began, "milliseconds"),
                    "version": float(context.definition.version),
                    "pipeline-execution-attempt": float(self._attempt),
                    **detail,
                },
            },
            "known": dict(known),
        }
        # When a rehearsal is interrupted the emulator goes first; whatever else it may lack fails louder elsewhere.
        with contextlib.suppress(OSError):
            self.tell(message)


def _kebab(name: str) -> str:
    """Spell `CommitId` as `commit-id`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


def _instant(moment: datetime, precision: str = "seconds") -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
