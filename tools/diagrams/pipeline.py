"""The pipeline's stages and actions, read from its template."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloud_assembly import UserError
from tools.diagrams.names import short_names

PIPELINE_TYPE = "AWS::CodePipeline::Pipeline"
APPROVAL = ("Approval", "Manual")

KINDS = {
    ("Source", "CodeStarSourceConnection"): "repository connection",
    APPROVAL: "manual approval",
}
"""Descriptions of actions whose provider's name does not explain them."""

CONDITIONS = {"BeforeEntry": "on entry", "OnSuccess": "on success", "OnFailure": "on failure"}
"""The places of a stage's conditions, with their wording."""


@dataclass(frozen=True)
class Action:
    """One action of a stage."""

    name: str
    kind: str
    run_order: int
    is_approval: bool
    deploys: bool
    """Whether it deploys a stack. Its name is then the stack's, without the prefix common to the stage."""


@dataclass(frozen=True)
class Stage:
    """One stage: its actions by run order, and its conditions in words."""

    name: str
    deploys: bool
    """Whether it deploys stacks."""
    groups: tuple[tuple[Action, ...], ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Pipeline:
    """A pipeline, read from its template."""

    name: str
    restarts: bool
    """Whether an execution that has updated the pipeline restarts."""
    stages: tuple[Stage, ...]


def read(templates: Iterable[Mapping[str, Any]]) -> Pipeline:
    """Return the only pipeline in the templates; raises UserError if there is none or more than one."""
    found = [
        resource["Properties"]
        for template in templates
        for resource in template["Resources"].values()
        if resource["Type"] == PIPELINE_TYPE
    ]
    if len(found) != 1:
        raise UserError(f"the assembly must have exactly one {PIPELINE_TYPE} outside its stages; it has {len(found)}")
    [pipeline] = found
    return Pipeline(
        name=pipeline.get("Name", ""),
        restarts=pipeline.get("RestartExecutionOnUpdate", False),
        stages=tuple(_stage(stage) for stage in pipeline["Stages"]),
    )


def _stage(stage: Mapping[str, Any]) -> Stage:
    actions = [_action(action) for action in stage["Actions"]]
    orders = sorted({action.run_order for action in actions})
    short = short_names([action.name for action in actions if action.deploys])
    actions = [replace(action, name=short.get(action.name, action.name)) for action in actions]
    return Stage(
        name=stage["Name"],
        deploys=bool(short),
        groups=tuple(tuple(action for action in actions if action.run_order == order) for order in orders),
        conditions=tuple(_condition(place, stage[place]) for place in CONDITIONS if place in stage),
    )


def _action(action: Mapping[str, Any]) -> Action:
    kind = (action["ActionTypeId"]["Category"], action["ActionTypeId"]["Provider"])
    return Action(
        name=action["Configuration"].get("StackName", action["Name"]),
        kind=KINDS.get(kind, kind[1]),
        run_order=action.get("RunOrder", 1),
        is_approval=kind == APPROVAL,
        deploys="StackName" in action["Configuration"],
    )


def _condition(place: str, holder: Mapping[str, Any]) -> str:
    conditions = holder.get("Conditions", [])
    rules = [rule["Name"] for condition in conditions for rule in condition.get("Rules", [])]
    result = holder.get("Result") or next((condition.get("Result", "") for condition in conditions), "")
    return f"{CONDITIONS[place]}: {', '.join(filter(None, (*rules, result.lower())))}"
