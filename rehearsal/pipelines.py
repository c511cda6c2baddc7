"""The pipelines of an app: which one to rehearse, and which stacks it deploys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_assembly import PIPELINE, Stack
from rehearsal.errors import RehearsalError
from rehearsal.gaps import PATH, Gap, GapKind
from rehearsal.pipeline_types import features_of_v2
from rehearsal.workloads.ignored import disabled_transitions

LOGICAL_ID = "aws:cdk:logicalId"
"""The type of the manifest's entries that say which construct made a resource."""
NO_TYPE = "only pipelines of type V2 can have it, and the template names no type; set PipelineType to V2"
"""Why a feature is a gap: what CodePipeline answers then is not documented."""
DEPLOYERS = ("CloudFormation", "CloudFormationStackSet")
"""The providers of actions that deploy a template."""


@dataclass(frozen=True)
class Pipeline:
    """A pipeline of an app, as its template describes it."""

    stack: Stack
    logical_id: str
    properties: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Its construct path, such as `Delivery/Pipeline/Pipeline`."""
        found = self.stack.resources[self.logical_id].get("Metadata", {}).get(PATH)
        path = found or next(_paths(self.stack, self.logical_id), f"{self.stack.display_name}/{self.logical_id}")
        return path.strip("/").removesuffix("/Resource")

    @property
    def name(self) -> str:
        """Its name; empty if CloudFormation generates it."""
        name = self.properties.get("Name", "")
        return name if isinstance(name, str) else ""

    @property
    def type(self) -> str:
        """`V1`, CodePipeline's default, or `V2`."""
        return self.properties.get("PipelineType", "V1")

    @property
    def actions(self) -> tuple[str, ...]:
        """Its actions, each as `Stage/Action`."""
        return tuple(f"{stage['Name']}/{_name(action)}" for stage, action in self._actions())

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of its source actions."""
        return tuple(_name(action) for _, action in self._actions() if action["ActionTypeId"]["Category"] == "Source")

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its own variables."""
        return tuple(variable["Name"] for variable in self.properties.get("Variables", []))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Stages that would wait for somebody, and what is open if it has features of V2 and names no type."""
        features = () if "PipelineType" in self.properties else features_of_v2(self.properties)
        untyped = (Gap(GapKind.EMULATOR, self.path, f"{feature}: {NO_TYPE}") for feature in features)
        return (*disabled_transitions(self.properties), *untyped)

    def __str__(self) -> str:
        named = f", named {self.name}" if self.name else ""
        return f"{self.path} (stack {self.stack.name}{named})"

    def is_called(self, name: str) -> bool:
        """Return whether `name` is its path, its name, or its stack's name or id."""
        return name.strip("/") in {self.path, self.name, self.stack.name, self.stack.display_name}

    def is_below(self, name: str) -> bool:
        """Return whether the construct at the path `name` contains it, as the library's `CodePipeline` does."""
        return self.path.startswith(f"{name.strip('/')}/")

    def deployed(self, stacks: Sequence[Stack]) -> list[Stack]:
        """Return the app's stacks that it deploys: its own, those that need to exist before, those of its actions."""
        found = [self.stack, *self.support(stacks), *self.targets(stacks)]
        return list({one.template_file: one for one in found}.values())

    def support(self, stacks: Sequence[Stack]) -> list[Stack]:
        """Return the stacks that `cdk deploy` deploys before the pipeline's, such as cross-region support stacks."""
        found: dict[str, Stack] = {}
        waiting = [self.stack]
        while waiting:
            stack = waiting.pop()
            needed = [one for one in stacks if _folder(one) == _folder(stack) and one.name in stack.dependencies]
            waiting += [one for one in needed if one.template_file not in found]
            found |= {one.template_file: one for one in needed}
        return list(found.values())

    def targets(self, stacks: Sequence[Stack]) -> list[Stack]:
        """Return the stacks of the app that its actions deploy.

        An action that executes a change set has no template; one that uses a template has deployed the same stack.
        """
        deployments = list(self._deployments())
        with_template = {name for template, name in deployments if template}
        return [
            stack
            for template, name in deployments
            if template or name not in with_template
            for stack in _targets(template, name, stacks)
        ]

    def _deployments(self) -> Iterator[tuple[str, str]]:
        """Yield the template, as a path in its artifact, and the stack's name of each action that deploys a stack."""
        for _, action in self._actions():
            if action.get("ActionTypeId", {}).get("Provider") in DEPLOYERS:
                configuration = action.get("Configuration", {})
                template, name = configuration.get("TemplatePath", ""), configuration.get("StackName", "")
                # Neither is known before the deployment if it is a function of the template.
                yield (
                    template.partition("::")[2] if isinstance(template, str) else "",
                    name if isinstance(name, str) else "",
                )

    def _actions(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        for stage in self.properties.get("Stages", []):
            for action in stage["Actions"]:
                yield stage, action


def choose(stacks: Sequence[Stack], name: str | None, directory: Path) -> Pipeline:
    """Return the app's pipeline, or the one called `name`; raises RehearsalError if that is none, or several."""
    found = _outermost(
        [
            Pipeline(stack, logical_id, properties)
            for stack in stacks
            for logical_id, properties in stack.of_type(PIPELINE)
        ],
        stacks,
    )
    if not found:
        raise RehearsalError(
            f"no stack of {directory} has a pipeline ({PIPELINE}); rehearse an app that uses CDK Pipelines, "
            "synthesized with the context that its pipeline needs"
        )
    matching = found
    if name:
        matching = [one for one in found if one.is_called(name)] or [one for one in found if one.is_below(name)]
    if len(matching) == 1:
        return matching[0]
    listed = "".join(f"\n  {one}" for one in found)
    if name:
        fault = f"several pipelines are called {name}" if matching else f"no pipeline is called {name}"
        raise RehearsalError(f"--pipeline {name}: {fault}; choose one of these by its path:{listed}")
    raise RehearsalError(f"the app has {len(found)} pipelines; choose one with --pipeline:{listed}")


def _outermost(pipelines: list[Pipeline], stacks: Sequence[Stack]) -> list[Pipeline]:
    """Leave out pipelines that another pipeline deploys, as a workload."""
    deployed = {stack.template_file for one in pipelines for stack in one.targets(stacks) if stack != one.stack}
    return [one for one in pipelines if one.stack.template_file not in deployed]


def _paths(stack: Stack, logical_id: str) -> Iterator[str]:
    for path, entries in stack.metadata.items():
        if any(entry.get("type") == LOGICAL_ID and entry.get("data") == logical_id for entry in entries):
            yield path


def _name(action: Mapping[str, Any]) -> str:
    """Return an action's name, or the logical id of the resource whose name it will have, such as a new bucket's."""
    name = action["Name"]
    return str(name.get("Ref", name)) if isinstance(name, dict) else name


def _folder(stack: Stack) -> Path:
    """Return the folder of the stack's own assembly."""
    return Path(stack.template_file).parent


def _targets(template: str, name: str, stacks: Sequence[Stack]) -> list[Stack]:
    """Return the stacks of the app that an action with this template deploys or, without a template, this name.

    The artifact may contain the assembly in a folder.
    """
    if template:
        found = [one for one in stacks if f"/{template}".endswith(f"/{one.template_file}")]
        return [max(found, key=lambda one: len(one.template_file))] if found else []
    return [one for one in stacks if one.name == name]
