"""Conditions of stages: what CodePipeline of type V2 offers, and the library has no parameters for."""

from typing import Any, cast

from aws_cdk import aws_codepipeline as codepipeline


class StageConditions:
    """Sets the conditions around the stages of a pipeline that has been built."""

    def __init__(self, pipeline: codepipeline.Pipeline) -> None:
        self._pipeline = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
        self._stages = [stage.stage_name for stage in pipeline.stages]

    def skip_unless(self, stage: str, *, name: str, variable: str, differs_from: str) -> None:
        """Pass by a stage when a variable of an earlier stage has that value."""
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
        """Bring a stage that failed back to its last good execution (aws-cdk#30083).

        CodePipeline cannot where there is none, or where the pipeline itself has changed since.
        """
        self._set(stage, "OnFailure", {"Result": "ROLLBACK"})

    def _set(self, stage: str, moment: str, condition: dict[str, Any]) -> None:
        self._pipeline.add_property_override(f"Stages.{self._stages.index(stage)}.{moment}", condition)
