"""Publishes CodePipeline's events for an execution, and the data of its API.

Each message to the emulator has the event as EventBridge delivers it (CodePipeline User Guide, "Monitoring
CodePipeline events") and under `known` what the API adds. The account's EventBridge rules then apply as to
CodePipeline's own events.
"""

import contextlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.actions.run import Context
from rehearsal.actions.sources.contents import rehearsed_source
from rehearsal.engine.definition import Action
from rehearsal.report.progress import ActionProgress, Status

Publish = Callable[[Mapping[str, Any]], None]
"""Sends a message to the emulator."""

STARTED, RESUMED, CANCELED = "STARTED", "RESUMED", "CANCELED"
"""States of events that are not final, or only of executions."""
SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"

FINAL_STATES: Mapping[str, str] = {
    Status.SUCCEEDED: SUCCEEDED,
    Status.FAILED: FAILED,
    Status.REJECTED: FAILED,
    Status.NOT_REHEARSED: FAILED,
    Status.STOPPED: "STOPPED",
}
"""Final states of executions and stages, by `Status` or the `Result` of the same value."""
FINAL_ACTION_STATES: Mapping[str, str] = {**FINAL_STATES, Status.STOPPED: "ABANDONED"}
"""Final states of actions."""

ROLLED_BACK = " (rollback)"
"""The suffix of a stage's name in a rollback; CodePipeline uses the name alone."""
APPROVER = "arn:aws:iam::000000000000:user/rehearsal"
"""The user who answers manual approvals."""
OPERATOR = "arn:aws:iam::000000000000:user/rehearsal"
"""The user who starts rollbacks."""


@dataclass(frozen=True)
class Rollback:
    """The executions of a rollback."""

    target: str
    """The execution whose artifacts and variables it reuses."""
    failed: str = ""
    """The failed execution; "" if somebody requested the rollback."""


@dataclass
class EventPublisher:
    """Publishes each change of one execution once."""

    context: Context
    publish: Publish
    rollback: Rollback | None = None
    _attempt: int = field(default=1, init=False)
    _ended: set[tuple[str, int]] = field(default_factory=set, init=False)
    """Stages (by name) and the execution ("") whose end was published, with the attempt."""
    _began: dict[str, datetime] = field(default_factory=dict, init=False)
    _ids: dict[tuple[str, str], str] = field(default_factory=dict, init=False)
    """Ids of the actions' executions, by stage and action."""
    _source: dict[str, str] = field(default_factory=dict, init=False)

    def execution(self, state: str) -> None:
        """Publish that the execution started or ended; `state` is a `Result`, `STARTED` or `CANCELED`."""
        state = FINAL_STATES.get(state, state)
        if state == STARTED or self._is_first(""):
            known: dict[str, Any] = {"kind": "ROLLBACK" if self.rollback else "STANDARD"}
            if variables := {**self.context.definition.variables, **self.context.pipeline_variables}:
                known["pipeline_variables"] = variables
            if self.rollback:
                known |= {"target": self.rollback.target, "failed": self.rollback.failed}
            self._send("Pipeline", {"state": state, **self._trigger()}, began=self._begin("", state), known=known)

    def stage(self, stage: str, state: str) -> None:
        """Publish that a stage started or ended; `state` is a `Status`, `STARTED` or `RESUMED`.

        CodePipeline publishes nothing for a skipped stage.
        """
        name, state = stage.removesuffix(ROLLED_BACK), FINAL_STATES.get(state, state)
        if state == RESUMED:
            self._attempt += 1
        elif state == Status.SKIPPED or (state != STARTED and not self._is_first(name)):
            return
        self._send("Stage", {"stage": name, "state": state}, began=self._begin(name, state), known={})

    def action_started(self, stage: str, action: Action, configuration: Mapping[str, Any]) -> None:
        """Publish that an action started, with its resolved configuration."""
        if action.is_rule:
            return
        self._ids[stage, action.name] = str(uuid.uuid4())
        self._action(stage, action, STARTED, {"configuration": dict(configuration)})

    def action_ended(self, stage: str, action: Action, progress: ActionProgress, variables: Mapping[str, str]) -> None:
        """Publish how an action ended, with its output variables."""
        if action.is_rule:
            return
        details = progress.details
        known: dict[str, Any] = {
            "summary": progress.reason,
            "external_id": details.external_id,
            "variables": dict(variables),
        }
        if details.artifacts:
            known["artifacts"] = [
                {"name": name, "s3location": {"bucket": bucket, "key": key}}
                for name, (bucket, key) in details.artifacts.items()
            ]
        if details.log:
            group, stream = details.log
            known["log"] = {"groupName": group, "streamName": stream}
        if details.question:
            known["updated_by"] = APPROVER
        # An execution goes on as if CodePipeline had carried out what is not rehearsed.
        state = SUCCEEDED if progress.passed_over else FINAL_ACTION_STATES[progress.status]
        if progress.full_name == rehearsed_source(self.context.definition) and state == SUCCEEDED:
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
        """Return the trigger of the execution; after the source action, with the commit's details."""
        if self.rollback and not self.rollback.failed:
            return {"execution-trigger": {"trigger-type": "ManualRollback", "trigger-detail": OPERATOR}}
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
        # After an interrupt the emulator has already ended; its other failures show elsewhere.
        with contextlib.suppress(OSError):
            self.publish(message)


def _kebab(name: str) -> str:
    """Convert `CommitId` to `commit-id`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


def _instant(moment: datetime, precision: str = "seconds") -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
