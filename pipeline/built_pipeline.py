"""The pipeline as it has been built: its stages and actions, by their names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

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
    """The action that ends the stage."""


def stages_of(pipeline: codepipeline.Pipeline) -> list[BuiltStage]:
    """Return the stages of a pipeline that has been built."""
    resource = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    found: list[BuiltStage] = []
    # As it stands in the template: each property of an action that is asked for is a question to another process.
    for stage in Stack.of(pipeline).resolve(resource.stages):
        ordered = sorted(stage["actions"], key=lambda action: action["runOrder"])
        found.append(BuiltStage(name=stage["name"], actions=tuple(action["name"] for action in ordered)))
    return found


def environment_of(stages: Iterable[BuiltStage], *, name: str, stage: str) -> BuiltEnvironment:
    """Return the environment that the stage of that name deploys."""
    [found] = [one for one in stages if one.name == stage]
    return BuiltEnvironment(name=name, stage=stage, last_action=found.actions[-1])
