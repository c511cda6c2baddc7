"""CodePipeline's history, the only source of what the pipeline did."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

MOST_EXECUTIONS = 300
"""The most that one event reads: more would not fit into the function's minute. CodePipeline lists 100 on a page."""
LONGEST_TITLE = 120


@dataclass(frozen=True, kw_only=True)
class Action:
    """One attempt at an action of a stage."""

    id: str
    stage: str
    name: str
    is_approval: bool
    status: str
    """InProgress, Abandoned, Succeeded or Failed."""
    start: datetime
    end: datetime
    """The last update while it is in progress."""

    @property
    def failed(self) -> bool:
        """Whether it failed; a rejected approval is a decision, not a failure."""
        return self.status == "Failed" and not self.is_approval


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution of the pipeline: a commit being delivered, or the rollback of a stage."""

    id: str
    status: str
    """InProgress, Stopping, Stopped, Succeeded, Superseded, Cancelled or Failed."""
    start: datetime
    is_rollback: bool
    target: str
    """The execution that a rollback returns to; empty where it is no rollback."""
    commit: str
    title: str
    """The first line of the commit's message."""
    committed: datetime | None
    """When the commit was written; None if the source does not report it."""
    actions: tuple[Action, ...]
    """In the order of their starts."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, unless somebody retries a stage."""
        return self.status not in ("InProgress", "Stopping")

    @property
    def end(self) -> datetime:
        """When its last action ended."""
        return max((action.end for action in self.actions), default=self.start)

    def of_stage(self, stage: str) -> tuple[Action, ...]:
        """Return the attempts at actions of a stage."""
        return tuple(action for action in self.actions if action.stage == stage)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment as the pipeline sees it."""

    name: str
    stages: Mapping[str, Sequence[str]]
    """Its stages, one for each wave of regions. Each with its last actions, one for each region of the wave."""
    entry: Sequence[str] = ()
    """The stages of its review and approval."""

    def released_by(self, execution: Execution) -> datetime | None:
        """Return when all deployments of an execution had succeeded, tests and bakes included.

        A rollback deploys only the stages that it rolls back.
        """
        ends: list[datetime] = []
        for stage, last_actions in self.stages.items():
            actions = execution.of_stage(stage)
            if execution.is_rollback and not actions:
                continue
            for name in last_actions:
                passed = [action.end for action in actions if action.name == name and action.status == "Succeeded"]
                if not passed:
                    return None
                ends.append(min(passed))
        return max(ends, default=None)


@dataclass(frozen=True, kw_only=True)
class History:
    """Executions in the order in which they began."""

    executions: Sequence[Execution]
    incomplete: Sequence[Execution]
    """Those that may lack figures. The others are only read for the figures of these."""

    def find(self, execution_id: str) -> Execution | None:
        """Return the execution of that id."""
        return next((one for one in self.executions if one.id == execution_id), None)

    def settled_until(self, environments: Sequence[Environment]) -> datetime | None:
        """Return the start of the first execution that may still get figures; None if that is not known.

        The executions since the last release to every environment may: one of them may be running, or be retried.
        """
        releases = [one.start for one in self.executions if is_full_release(one, environments)]
        if not releases:
            return None
        return min([releases[-1], *(one.start for one in self.executions if not one.is_over)])


def is_full_release(execution: Execution, environments: Sequence[Environment]) -> bool:
    """Return whether an execution has reached every environment."""
    return not execution.is_rollback and all(one.released_by(execution) for one in environments)


def read(
    codepipeline: Any,
    pipeline: str,
    environments: Sequence[Environment],
    *,
    settled_until: datetime | None,
    execution_id: str | None,
) -> History:
    """Return the executions whose figures may be missing, and as many before them as those figures depend on.

    Those are the executions since `settled_until`, and the one of `execution_id`. They depend on what happened since
    the release to every environment before them. Without `settled_until`, every execution is read. Where more than
    MOST_EXECUTIONS would be read, the oldest are left out.
    """
    found: list[Execution] = []
    incomplete: set[str] = set()
    wanted = execution_id
    for summary in _summaries(codepipeline, pipeline):
        execution = _execution(summary, list(_details(codepipeline, pipeline, summary["pipelineExecutionId"])))
        found.append(execution)
        is_known = wanted is None and settled_until is not None and execution.start < settled_until
        wanted = None if execution.id == wanted else wanted
        if not is_known:
            incomplete = {one.id for one in found}
        if (is_known and is_full_release(execution, environments)) or len(found) == MOST_EXECUTIONS:
            break
    by_id = {one.id: one for one in found}
    resolved = [_resolved(one, by_id.get(one.target)) for one in found]
    executions = sorted(resolved, key=lambda one: (one.start, one.id))
    return History(executions=executions, incomplete=[one for one in executions if one.id in incomplete])


def _resolved(execution: Execution, target: Execution | None) -> Execution:
    """Return a rollback with the commit that it returns to."""
    return execution if target is None else replace(execution, commit=target.commit, title=target.title)


def _summaries(codepipeline: Any, pipeline: str) -> Iterator[Mapping[str, Any]]:
    for page in codepipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=pipeline):
        yield from page["pipelineExecutionSummaries"]


def _details(codepipeline: Any, pipeline: str, execution: str) -> Iterator[Mapping[str, Any]]:
    pages = codepipeline.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution}
    )
    for page in pages:
        yield from page["actionExecutionDetails"]


def _execution(summary: Mapping[str, Any], details: Sequence[Mapping[str, Any]]) -> Execution:
    variables: dict[str, str] = {}
    no_revision: dict[str, str] = {}
    for detail in details:
        if _category(detail) == "Source":
            variables.update(detail.get("output", {}).get("outputVariables", {}))
    revision = next(iter(summary.get("sourceRevisions", [])), no_revision)
    message = variables.get("CommitMessage") or _message(revision.get("revisionSummary", ""))
    return Execution(
        id=summary["pipelineExecutionId"],
        status=summary["status"],
        start=summary["startTime"],
        is_rollback=summary.get("executionType") == "ROLLBACK",
        target=summary.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId", ""),
        commit=variables.get("CommitId") or revision.get("revisionId", ""),
        title=next(iter(message.splitlines()), "")[:LONGEST_TITLE],
        committed=_time(variables.get("AuthorDate", "")),
        actions=tuple(sorted((_action(detail) for detail in details), key=lambda one: (one.start, one.id))),
    )


def _action(detail: Mapping[str, Any]) -> Action:
    return Action(
        id=detail["actionExecutionId"],
        stage=detail["stageName"],
        name=detail["actionName"],
        is_approval=_category(detail) == "Approval",
        status=detail["status"],
        start=detail["startTime"],
        end=detail["lastUpdateTime"],
    )


def _message(summary: str) -> str:
    """Return a commit's message; a connection wraps it into JSON, an execution that rolls back has nothing else."""
    try:
        return json.loads(summary)["CommitMessage"]
    except (ValueError, TypeError, KeyError):
        return summary


def _category(detail: Mapping[str, Any]) -> str:
    return detail.get("input", {}).get("actionTypeId", {}).get("category", "")


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None
