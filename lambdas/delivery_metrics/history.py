"""CodePipeline's history, the only source of the figures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_EXECUTIONS = 100
"""One page of CodePipeline's answer. Figures look back to the last release to every environment, but no further."""
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

    def of_stage(self, stage: str) -> tuple[Action, ...]:
        """Return the attempts at actions of a stage."""
        return tuple(action for action in self.actions if action.stage == stage)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment as the pipeline sees it."""

    name: str
    stage: str
    last_action: str
    """The stage's last action."""

    def released_by(self, execution: Execution) -> datetime | None:
        """Return when an execution's deployment had succeeded, tests and bake included."""
        ends = (
            action.end
            for action in execution.of_stage(self.stage)
            if action.name == self.last_action and action.status == "Succeeded"
        )
        return min(ends, default=None)


def read(codepipeline: Any, pipeline: str, around: str, environments: Sequence[Environment]) -> list[Execution]:
    """Return the executions from the last release before `around` to the newest, in the order in which they began.

    That release has reached every environment. The list is empty where `around` is too old to be known.
    """
    summaries = codepipeline.list_pipeline_executions(pipelineName=pipeline, maxResults=MOST_EXECUTIONS)
    found: list[Execution] = []
    seen = False
    for summary in summaries["pipelineExecutionSummaries"]:
        execution = _execution(summary, list(_details(codepipeline, pipeline, summary["pipelineExecutionId"])))
        found.append(execution)
        if seen and not execution.is_rollback and all(one.released_by(execution) for one in environments):
            break
        seen = seen or execution.id == around
    return sorted(found, key=lambda one: (one.start, one.id)) if seen else []


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
