"""The pipeline after `build_pipeline`: its stages and actions by name, and the conditions of its stages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aws_cdk import Stack
from aws_cdk import aws_codepipeline as codepipeline

from settings import RepositorySettings


@dataclass(frozen=True, kw_only=True)
class BuiltStage:
    """A stage and its actions, in the order in which they run."""

    name: str
    actions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BuiltEnvironment:
    """An environment and the stages that deploy it."""

    name: str
    stages: Mapping[str, Sequence[str]]
    """The stages that deploy, one for each wave; each with its last actions, one for each region of the wave."""
    entry: Sequence[str]
    """The stages of its review and approval."""


def stages_of(pipeline: codepipeline.Pipeline) -> list[BuiltStage]:
    """Return the stages of a pipeline that has been built."""
    resource = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    found: list[BuiltStage] = []
    # Resolved at once: each property of an action would be a call to the jsii process.
    for stage in Stack.of(pipeline).resolve(resource.stages):
        ordered = sorted(stage["actions"], key=lambda action: action["runOrder"])
        found.append(BuiltStage(name=stage["name"], actions=tuple(action["name"] for action in ordered)))
    return found


def environment_of(
    stages: Iterable[BuiltStage], *, name: str, deployments: Sequence[str], entry: Sequence[str]
) -> BuiltEnvironment:
    """Return the environment that the stages named `deployments` deploy."""
    by_name = {stage.name: stage for stage in stages}
    return BuiltEnvironment(
        name=name, stages={stage: _last_actions(by_name[stage]) for stage in deployments}, entry=entry
    )


def _last_actions(stage: BuiltStage) -> list[str]:
    """Return the stage's last action and its counterparts in other regions, whose names differ in the prefix."""
    _, _, last = stage.actions[-1].rpartition(".")
    return [action for action in stage.actions if action.rpartition(".")[2] == last]


def start_on_paths(pipeline: codepipeline.Pipeline, repository: RepositorySettings, *, source_action: str) -> None:
    """Start a pipeline that has been built only for pushes that change certain files, if the settings name any.

    With a trigger of its own, a pipeline no longer starts for other pushes to the branch (CodePipeline API Reference,
    PipelineTriggerDeclaration). CDK Pipelines has no property for triggers (aws-cdk#34209).
    """
    paths = {"Includes": repository.paths, "Excludes": repository.ignored_paths}
    if not any(paths.values()):
        return
    push = {
        "Branches": {"Includes": [repository.branch]},
        "FilePaths": {key: patterns for key, patterns in paths.items() if patterns},
    }
    trigger = {
        "ProviderType": "CodeStarSourceConnection",
        "GitConfiguration": {"SourceActionName": source_action, "Push": [push]},
    }
    resource = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    resource.add_property_override("Triggers", [trigger])


def deliver_in_turn(pipeline: codepipeline.Pipeline, *, queued: bool) -> None:
    """Let waiting executions of a pipeline that has been built queue, instead of a newer one superseding them."""
    if queued:
        cast(codepipeline.CfnPipeline, pipeline.node.default_child).execution_mode = "QUEUED"


class StageConditions:
    """Sets the conditions around the stages of a pipeline that has been built."""

    def __init__(self, pipeline: codepipeline.Pipeline) -> None:
        self._pipeline = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
        self._stages = [stage.stage_name for stage in pipeline.stages]

    def skip_unless(self, stage: str, *, name: str, variable: str, differs_from: str) -> None:
        """Skip a stage when a variable of an earlier stage has that value."""
        rule = {
            "Name": name,
            "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
            "Configuration": {"Variable": variable, "Operator": "NE", "Value": differs_from},
        }
        self._set(stage, "BeforeEntry", {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]})

    def enter_in_window(self, stage: str, *, cron: str, time_zone: str) -> None:
        """Wait before a stage until its deployment window is open."""
        rule = {
            "Name": "DeploymentWindow",
            "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "DeploymentWindow", "Version": "1"},
            "Configuration": {"Cron": cron, "TimeZone": time_zone},
        }
        self._set(stage, "BeforeEntry", {"Conditions": [{"Result": "FAIL", "Rules": [rule]}]})

    def roll_back_on_failure(self, stage: str) -> None:
        """Roll a failed stage back to its last successful execution (aws-cdk#30083).

        CodePipeline cannot where there is none, or where the pipeline itself has changed since.
        """
        self._set(stage, "OnFailure", {"Result": "ROLLBACK"})

    def _set(self, stage: str, moment: str, condition: dict[str, Any]) -> None:
        self._pipeline.add_property_override(f"Stages.{self._stages.index(stage)}.{moment}", condition)
