"""What is priced: environments, their stacks and resources, read from a cloud assembly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cloud_assembly import read

DELIVERY = "delivery"
"""What the stacks outside all stages are counted as: the pipeline and what it needs."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]

    @cached_property
    def names(self) -> frozenset[str]:
        """The logical ids that the properties name, by Ref or by GetAtt."""
        return frozenset(referred(self.properties))


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A template, and where it is deployed."""

    name: str
    region: str
    template: Mapping[str, Any]

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What the template makes."""
        return tuple(
            Resource(logical_id=name, type=found["Type"], properties=found.get("Properties", {}))
            for name, found in self.template.get("Resources", {}).items()
        )

    def of_type(self, type_name: str) -> Iterator[Resource]:
        """Yield the resources of a type."""
        return (resource for resource in self.resources if resource.type == type_name)

    def referring_to(self, logical_id: str) -> Iterator[Resource]:
        """Yield the resources whose properties name another one, by Ref or by GetAtt."""
        return (resource for resource in self.resources if logical_id in resource.names)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Stacks that are counted together."""

    name: str
    stacks: tuple[Stack, ...]


def read_environments(directory: Path) -> tuple[Environment, ...]:
    """Return the environments of an assembly in its order, the pipeline's own stacks first; raises UserError."""
    assembly = read(directory)
    found = {DELIVERY: assembly.own_stacks, **{name.lower(): stacks for name, stacks in assembly.stages.items()}}
    return tuple(
        Environment(
            name=name,
            stacks=tuple(Stack(name=stack.name, region=stack.region, template=stack.template) for stack in stacks),
        )
        for name, stacks in found.items()
        if stacks
    )


def referred(value: Any) -> set[str]:
    """Return the logical ids that a value of a template names."""
    if isinstance(value, list):
        return {name for item in value for name in referred(item)}
    if not isinstance(value, dict):
        return set()
    names = {name for item in value.values() for name in referred(item)}
    if isinstance(value.get("Ref"), str):
        names.add(value["Ref"])
    attribute = value.get("Fn::GetAtt")
    if attribute:
        names.add(attribute[0] if isinstance(attribute, list) else str(attribute).partition(".")[0])
    return names
