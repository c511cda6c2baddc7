"""Runs of a pipeline, written down minute by minute, and CodePipeline as it answers and tells of them at any moment."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.delivery_metrics.history import Environment

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ENVIRONMENTS = [
    Environment(name="dev", stages={"Dev": ["IntegrationTests"]}),
    Environment(name="prod", stages={"Prod": ["Bake"]}, entry=["ProdApproval"]),
]
CATEGORIES = {"Source": "Source", "Approve": "Approval", "Deploy": "Deploy"}
PASSED: list[tuple[str, str, int, int, str]] = [
    ("Source", "Source", 0, 1, "Succeeded"),
    ("Build", "Synth", 1, 5, "Succeeded"),
    ("Dev", "Deploy", 5, 9, "Succeeded"),
    ("Dev", "IntegrationTests", 9, 12, "Succeeded"),
    ("ProdApproval", "Approve", 12, 30, "Succeeded"),
    ("Prod", "Deploy", 31, 40, "Succeeded"),
    ("Prod", "IntegrationTests", 40, 44, "Succeeded"),
    ("Prod", "Bake", 44, 60, "Succeeded"),
]
"""A run that goes well: stage, action, the minutes since the run began at which it began and ended, how it ended."""


def moment(minute: float) -> datetime:
    """Return the time so many minutes after noon."""
    return NOON + timedelta(minutes=minute)


@dataclass
class Run:
    """One execution, by what happened in it and when."""

    id: str
    begins: int
    actions: Sequence[tuple[str, str, int, int, str]]
    """Like `PASSED`, but in minutes after noon."""
    states: Sequence[tuple[int, str]]
    """When the execution's status became what, in minutes after noon."""
    commit: str
    committed: int | None
    rolls_back_to: str

    def status(self, minute: float) -> str:
        """Return the execution's status at a time."""
        return [status for at, status in [(self.begins, "InProgress"), *self.states] if at <= minute][-1]

    def events(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Return when CodePipeline tells of the end of what, stage by stage and at last of the whole."""
        for index, (stage, _, _, end, status) in enumerate(self.actions):
            following = self.actions[index + 1] if index + 1 < len(self.actions) else None
            if following is None or following[0] != stage or status != "Succeeded":
                state = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "Abandoned": "STOPPED"}[status]
                yield end, {"pipeline": "p", "execution-id": self.id, "stage": stage, "state": state}
        for at, status in self.states:
            if status != "InProgress":
                yield at, {"pipeline": "p", "execution-id": self.id, "state": status.upper()}


def run(
    name: str,
    begins: int,
    actions: Sequence[tuple[str, str, int, int, str]],
    *states: tuple[int, str],
    commit: str | None = None,
    committed: int | None = None,
    rolls_back_to: str = "",
) -> Run:
    """Return a run whose minutes count from when it began; its commit is named like it unless told otherwise."""
    return Run(
        id=name,
        begins=begins,
        actions=[(stage, action, begins + start, begins + end, how) for stage, action, start, end, how in actions],
        states=[(begins + at, status) for at, status in states],
        commit=commit or name,
        committed=committed,
        rolls_back_to=rolls_back_to,
    )


@dataclass
class Pages:
    """A paginator."""

    paginate: Callable[..., list[dict[str, Any]]]


@dataclass
class CodePipeline:
    """The client of an API that knows what has happened up to a minute."""

    runs: Sequence[Run]
    minute: float = field(default=10_000)
    read: list[str] = field(default_factory=list)
    """The executions whose actions were asked for."""

    def get_paginator(self, operation: str) -> "Pages":
        return Pages({"list_pipeline_executions": self._executions, "list_action_executions": self._actions}[operation])

    def _executions(self, **_: Any) -> list[dict[str, Any]]:
        begun = sorted((run for run in self.runs if run.begins <= self.minute), key=lambda one: -one.begins)
        summaries = [self._summary(run) for run in begun]
        return [{"pipelineExecutionSummaries": summaries[at : at + 100]} for at in range(0, len(begun), 100)]

    def _actions(self, *, filter: Mapping[str, str], **_: Any) -> list[dict[str, Any]]:  # noqa: A002 - as boto3 has it
        self.read.append(filter["pipelineExecutionId"])
        [run] = [one for one in self.runs if one.id == filter["pipelineExecutionId"]]
        begun = [(at, action) for at, action in enumerate(run.actions) if action[2] <= self.minute]
        details = [self._detail(run, at, action) for at, action in reversed(begun)]
        # In pages, as the API divides them.
        return [{"actionExecutionDetails": details[:3]}, {"actionExecutionDetails": details[3:]}]

    def _summary(self, run: Run) -> dict[str, Any]:
        return {
            "pipelineExecutionId": run.id,
            "status": run.status(self.minute),
            "startTime": moment(run.begins),
            "executionType": "ROLLBACK" if run.rolls_back_to else "STANDARD",
            "rollbackMetadata": {"rollbackTargetPipelineExecutionId": run.rolls_back_to} if run.rolls_back_to else {},
            "sourceRevisions": [
                # As a connection tells it.
                {
                    "revisionId": run.commit,
                    "revisionSummary": json.dumps({"CommitMessage": f"Change {run.commit}\n\nWhy."}),
                }
            ],
        }

    def _detail(self, run: Run, at: int, action: tuple[str, str, int, int, str]) -> dict[str, Any]:
        stage, name, start, end, status = action
        over = end <= self.minute
        variables = {"CommitId": run.commit, "CommitMessage": f"Change {run.commit}\n\nWhy."}
        if run.committed is not None:
            variables["AuthorDate"] = moment(run.committed).isoformat().replace("+00:00", "Z")
        return {
            "actionExecutionId": f"{run.id}-{at}",
            "stageName": stage,
            "actionName": name,
            "status": status if over else "InProgress",
            "startTime": moment(start),
            "lastUpdateTime": moment(end if over else start),
            "input": {"actionTypeId": {"category": CATEGORIES.get(name, "Build")}},
            "output": {"outputVariables": variables} if over and name == "Source" else {},
        }


class ConditionalCheckFailedException(Exception):  # noqa: N818 - as boto3 has it
    """The item is there."""


class DynamoDB:
    """The client of a table that keeps what is put into it."""

    class exceptions:  # noqa: N801 - as boto3 has it
        ConditionalCheckFailedException = ConditionalCheckFailedException

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}

    def put_item(self, *, Item: dict[str, Any], ConditionExpression: str = "", **_: Any) -> None:  # noqa: N803
        assert ConditionExpression in ("", "attribute_not_exists(figure)")
        key = (Item["execution"]["S"], Item["figure"]["S"])
        if ConditionExpression and key in self.items:
            raise ConditionalCheckFailedException
        self.items[key] = Item

    def get_paginator(self, _: str) -> "DynamoDB":
        return self

    def paginate(self, *, ExpressionAttributeValues: Mapping[str, Any], **_: Any) -> list[dict[str, Any]]:  # noqa: N803
        execution = ExpressionAttributeValues[":execution"]["S"]
        return [{"Items": [item for key, item in self.items.items() if key[0] == execution]}]
