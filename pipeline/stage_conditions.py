"""Conditions of stages: what CodePipeline of type V2 offers, and the library has no parameters for."""

from typing import Any, cast

from aws_cdk import aws_codepipeline as codepipeline


def skip_unless(pipeline: codepipeline.Pipeline, stage: str, *, name: str, variable: str, differs_from: str) -> None:
    """Have the built pipeline pass by a stage when a variable of an earlier stage has that value."""
    rule = {
        "Name": name,
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
        "Configuration": {"Variable": variable, "Operator": "NE", "Value": differs_from},
    }
    _override(pipeline, stage, "BeforeEntry", {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]})


def enter_in_window(pipeline: codepipeline.Pipeline, stage: str, *, cron: str, time_zone: str) -> None:
    """Have the built pipeline wait before a stage until its deployment window is open."""
    rule = {
        "Name": "DeploymentWindow",
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "DeploymentWindow", "Version": "1"},
        "Configuration": {"Cron": cron, "TimeZone": time_zone},
    }
    _override(pipeline, stage, "BeforeEntry", {"Conditions": [{"Result": "FAIL", "Rules": [rule]}]})


def roll_back_on_failure(pipeline: codepipeline.Pipeline, stage: str) -> None:
    """Have the built pipeline bring a stage that failed back to its last good execution (aws-cdk#30083).

    CodePipeline cannot where there is none, or where the pipeline itself has changed since.
    """
    _override(pipeline, stage, "OnFailure", {"Result": "ROLLBACK"})


def _override(pipeline: codepipeline.Pipeline, stage: str, moment: str, condition: dict[str, Any]) -> None:
    names = [one.stage_name for one in pipeline.stages]
    resource = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    resource.add_property_override(f"Stages.{names.index(stage)}.{moment}", condition)
