"""One execution of a pipeline, as CodePipeline's API describes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ROLLBACK = "ROLLBACK"
HOTFIX = "HOTFIX"
"""The pipeline's variable: with `yes`, the bakes before the last environment are skipped."""
UNKNOWN = "unknown"
"""What CodePipeline does not report, such as the author of a commit from an archive."""


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The stack that an action deploys."""

    name: str
    account: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Action:
    """One run of an action."""

    stage: str
    name: str
    category: str
    provider: str
    status: str
    """`InProgress`, `Succeeded`, `Failed` or `Abandoned`."""
    region: str
    configuration: Mapping[str, str] = field(default_factory=dict)
    """With every variable resolved."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The variables that the action exported."""
    external_id: str = ""
    """The provider's id: a build's id, a stack's ARN."""
    summary: str = ""
    """The provider's or the approver's comment."""
    updated_by: str = ""
    """The ARN of the approver."""
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def stack(self) -> DeployedStack | None:
        """The stack that the action deploys; None where it deploys none."""
        if "StackName" not in self.configuration:
            return None
        account = self.configuration["RoleArn"].split(":")[4]
        return DeployedStack(name=self.configuration["StackName"], account=account, region=self.region)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What an execution delivers."""

    id: str = UNKNOWN
    title: str = ""
    author: str = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution. Of a rollback, `commit` is the one that it returns to."""

    pipeline: str
    id: str
    kind: str
    """`STANDARD` or `ROLLBACK`."""
    commit: Commit
    actions: tuple[Action, ...]
    """Oldest first."""
    failed_execution: str = ""
    """The one that a rollback undoes."""
    target_execution: str = ""
    """The one that a rollback returns to."""
    stop_reason: str = ""
    """Why somebody stopped it."""
    is_hotfix: bool = False
    """Whether it skips the bakes before the last environment."""

    @property
    def began(self) -> datetime | None:
        """When its first action started; None before."""
        return min((action.started for action in self.actions if action.started), default=None)

    def of_stage(self, stage: str) -> tuple[Action, ...]:
        """Return the actions that ran in the stage."""
        return tuple(action for action in self.actions if action.stage == stage)

    def failure(self, stage: str) -> Action | None:
        """Return the action that failed first in the stage's last attempt; None where none did, as at its entry."""
        latest = {action.name: action for action in self.of_stage(stage)}
        failed = [action for action in latest.values() if action.status == "Failed"]
        last = max(failed, key=_end, default=None)
        # A retried stage may still have a failure of an earlier attempt. Actions that failed in the same one ran
        # side by side.
        together = [action for action in failed if last and (not last.started or _end(action) >= last.started)]
        return min(together, key=_end, default=None)


def _end(action: Action) -> datetime:
    return action.ended or datetime.max.replace(tzinfo=UTC)


def read(client: Any, pipeline: str, execution_id: str) -> Execution:
    """Read the execution through a boto3 client of CodePipeline."""
    answer = client.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution_id)
    found = answer["pipelineExecution"]
    actions = _actions(client, pipeline, execution_id)
    target = found.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId", "")
    return Execution(
        pipeline=pipeline,
        id=execution_id,
        kind=found.get("executionType", "STANDARD"),
        # A rollback fetches no source; what it delivers is what its target fetched.
        commit=_commit(_actions(client, pipeline, target) if target else actions),
        actions=actions,
        failed_execution=_failed_execution(found.get("trigger", {})),
        target_execution=target,
        stop_reason=found.get("statusSummary", ""),
        is_hotfix={"name": HOTFIX, "resolvedValue": "yes"} in found.get("variables", ()),
    )


def _actions(client: Any, pipeline: str, execution_id: str) -> tuple[Action, ...]:
    pages = client.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution_id}
    )
    newest_first = [_action(item) for page in pages for item in page["actionExecutionDetails"]]
    return tuple(reversed(newest_first))


def _action(item: Mapping[str, Any]) -> Action:
    kind = item["input"]["actionTypeId"]
    output = item.get("output", {})
    result = output.get("executionResult", {})
    return Action(
        stage=item["stageName"],
        name=item["actionName"],
        category=kind["category"],
        provider=kind["provider"],
        status=item["status"],
        region=item["input"].get("region", ""),
        configuration=item["input"].get("resolvedConfiguration", {}),
        variables=output.get("outputVariables", {}),
        external_id=result.get("externalExecutionId", ""),
        summary=result.get("externalExecutionSummary") or result.get("errorDetails", {}).get("message", ""),
        updated_by=item.get("updatedBy", ""),
        started=item.get("startTime"),
        ended=item.get("lastUpdateTime"),
    )


def _commit(actions: tuple[Action, ...]) -> Commit:
    """Return the commit from the variables of a connection's source action (CodePipeline User Guide, "Variables")."""
    sources = (action.variables for action in actions if action.category == "Source" and action.variables)
    variables: Mapping[str, str] = next(sources, {})
    name = variables.get("AuthorDisplayName") or variables.get("AuthorId") or variables.get("AuthorEmail") or UNKNOWN
    return Commit(
        id=variables.get("CommitId", UNKNOWN),
        title=variables.get("CommitMessage", "").strip().partition("\n")[0],
        author=name,
    )


def _failed_execution(trigger: Mapping[str, str]) -> str:
    if trigger.get("triggerType") != "AutomatedRollback":
        return ""
    try:
        return json.loads(trigger.get("triggerDetail", "")).get("FailedPipelineExecutionId", "")
    except (ValueError, AttributeError):
        return ""
