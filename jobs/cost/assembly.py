"""What is priced: environments, their stacks and resources, read from a cloud assembly."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jobs.cost.errors import CostError

DELIVERY = "delivery"
"""What the stacks outside all stages are counted as: the pipeline and what it needs."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]


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
        return (resource for resource in self.resources if logical_id in referred(resource.properties))


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Stacks that are counted together."""

    name: str
    stacks: tuple[Stack, ...]


def read_environments(directory: Path) -> tuple[Environment, ...]:
    """Return the environments of an assembly in its order, the pipeline's own stacks first; raises CostError."""
    artifacts = _artifacts(directory)
    found = [Environment(name=DELIVERY, stacks=tuple(_stacks(directory, artifacts)))]
    for name, artifact in artifacts.items():
        if artifact["type"] == "cdk:cloud-assembly":
            properties = artifact["properties"]
            stage = directory / properties["directoryName"]
            shown = properties.get("displayName", name).rpartition("/")[2].lower()
            found.append(Environment(name=shown, stacks=tuple(_stacks(stage, _artifacts(stage)))))
    environments = tuple(environment for environment in found if environment.stacks)
    if not environments:
        raise CostError(f"{directory} has no stacks; synthesize first: make assembly")
    return environments


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


def _artifacts(directory: Path) -> Mapping[str, Any]:
    return _read(directory / "manifest.json").get("artifacts", {})


def _stacks(directory: Path, artifacts: Mapping[str, Any]) -> Iterator[Stack]:
    for name, artifact in artifacts.items():
        if artifact["type"] == "aws:cloudformation:stack":
            yield Stack(
                name=artifact["properties"].get("stackName", name),
                region=artifact["environment"].rpartition("/")[2],
                template=_read(directory / artifact["properties"]["templateFile"]),
            )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CostError(f"{file} cannot be read: {error}; synthesize first: make assembly") from None
