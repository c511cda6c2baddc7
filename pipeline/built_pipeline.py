"""The pipeline as it has been built: its stages and actions, by their names."""

from collections.abc import Iterable
from dataclasses import dataclass

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
    """The action that ends the stage."""


def stages_of(pipeline: codepipeline.Pipeline) -> list[BuiltStage]:
    """Return the stages of a pipeline that has been built."""
    found: list[BuiltStage] = []
    for stage in pipeline.stages:
        properties = [action.action_properties for action in stage.actions]
        ordered = sorted(properties, key=lambda one: one.run_order or 1)
        found.append(BuiltStage(name=stage.stage_name, actions=tuple(one.action_name for one in ordered)))
    return found


def environment_of(stages: Iterable[BuiltStage], *, name: str, stage: str) -> BuiltEnvironment:
    """Return the environment that the stage of that name deploys."""
    [found] = [one for one in stages if one.name == stage]
    return BuiltEnvironment(name=name, stage=stage, last_action=found.actions[-1])
