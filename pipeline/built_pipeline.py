"""The pipeline after `build_pipeline`: its stages and actions by name, and the conditions of its stages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from aws_cdk import Stack
from aws_cdk import aws_codepipeline as codepipeline


@dataclass(frozen=True, kw_only=True)
class BuiltStage:
    """A stage and its actions, in the order in which they run."""

    name: str
    actions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BuiltEnvironment:
    """An environment and the stage that deploys it."""

    name: str
    stage: str
    last_action: str
    """The stage's last action."""


def stages_of(pipeline: codepipeline.Pipeline) -> list[BuiltStage]:
    """Return the stages of a pipeline that has been built."""
    resource = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    found: list[BuiltStage] = []
    # Resolved at once: each property of an action would be a call to the jsii process.
    for stage in Stack.of(pipeline).resolve(resource.stages):
        ordered = sorted(stage["actions"], key=lambda action: action["runOrder"])
        found.append(BuiltStage(name=stage["name"], actions=tuple(action["name"] for action in ordered)))
    return found


def environment_of(stages: Iterable[BuiltStage], *, name: str, stage: str) -> BuiltEnvironment:
    """Return the environment that the stage of that name deploys."""
    [found] = [one for one in stages if one.name == stage]
    return BuiltEnvironment(name=name, stage=stage, last_action=found.actions[-1])


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
