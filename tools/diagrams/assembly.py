"""Reads each stack's resources and their references from a cloud assembly, for the pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_assembly import Stack, UserError, read

Key = tuple[str, str]
"""A resource: its stack's name and its logical id."""


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    key: Key
    type: str
    properties: Mapping[str, Any]
    path: tuple[str, ...]
    """Its place in the app's tree below its stack, as the CDK's metadata tells; the logical id without it."""
    references: frozenset[Key]
    """The resources it refers to, in this stack or, by way of an output, in another."""


@dataclass(frozen=True)
class Environment:
    """The stacks of one stage."""

    name: str
    region: str
    stacks: tuple[str, ...]
    resources: Mapping[Key, Resource]
    outputs: Mapping[Key, Any]
    """The values of outputs, by stack and output."""

    def referred(self, value: Any, stack: str) -> frozenset[Key]:
        """Return the resources that a value of a template of `stack` refers to."""
        return frozenset(key for key in self._referred(value, stack) if key in self.resources)

    def _referred(self, value: Any, stack: str) -> Iterator[Key]:
        for function, argument in _intrinsics(value):
            if function == "Ref":
                yield stack, str(argument)
            elif function == "Fn::GetAtt":
                yield stack, argument[0] if isinstance(argument, list) else str(argument).partition(".")[0]
            elif function == "Fn::GetStackOutput":
                output = (argument["StackName"], argument["OutputName"])
                if output in self.outputs:
                    yield from self._referred(self.outputs[output], output[0])


def environments(directory: Path) -> list[Environment]:
    """Read the stages of an assembly in its order; raises UserError when it cannot be read or has none."""
    found = [_environment(name, stacks) for name, stacks in read(directory).stages.items()]
    if not found:
        raise UserError(f"{directory} has no stages")
    return found


def own_templates(directory: Path) -> list[Mapping[str, Any]]:
    """Return the templates of the stacks outside all stages, among them the pipeline's."""
    return [stack.template for stack in read(directory).own_stacks]


def _environment(name: str, stacks: Sequence[Stack]) -> Environment:
    templates = {stack.name: stack.template for stack in stacks}
    outputs = {
        (stack, output): found["Value"]
        for stack, template in templates.items()
        for output, found in template.get("Outputs", {}).items()
    }
    plain = {
        (stack, logical_id): _resource((stack, logical_id), resource)
        for stack, template in templates.items()
        for logical_id, resource in template["Resources"].items()
    }
    unlinked = Environment(name, stacks[0].region, tuple(templates), plain, outputs)
    linked = {
        key: Resource(
            key, found.type, found.properties, found.path, unlinked.referred(dict(found.properties), key[0]) - {key}
        )
        for key, found in plain.items()
    }
    return Environment(name, unlinked.region, unlinked.stacks, linked, outputs)


def _resource(key: Key, document: Mapping[str, Any]) -> Resource:
    path = document.get("Metadata", {}).get("aws:cdk:path", "").split("/")[3:] or [key[1]]
    return Resource(key, document["Type"], document.get("Properties", {}), tuple(path), frozenset())


def _intrinsics(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _intrinsics(item)
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("Ref", "Fn::GetAtt", "Fn::GetStackOutput"):
                yield name, item
            else:
                yield from _intrinsics(item)
