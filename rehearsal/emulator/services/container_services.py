"""ECS: task definitions in the API's spelling, image digests of tasks, and desired counts within scaling limits."""

import hashlib
from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import generic_types, providers
from rehearsal.emulator.internals import Properties, Provisioned, ecs, provisioners

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
DESIRED_COUNT = "ecs:service:DesiredCount"
AS_WRITTEN = ("dockerLabels", "options")
"""Members of a container definition whose members have names that the user chooses."""


def register() -> None:
    """Complete ministack's container definitions and tasks; let a scalable target raise its service to its minimum."""
    original_normalize = provisioners._normalize_container_defs

    def spelled(definitions: list[Properties]) -> list[Properties]:
        return [_spelled(definition) for definition in original_normalize(definitions)]

    provisioners._normalize_container_defs = spelled
    original_build = ecs._build_task_containers

    def made(definition: Properties | None, overrides: list[Properties]) -> list[Properties]:
        return [{**item, "imageDigest": _digest(item["image"])} for item in original_build(definition, overrides)]

    ecs._build_task_containers = made
    providers.register(ScalableTarget(SCALABLE_TARGET))


class ScalableTarget(generic_types.RecordedType):
    """Scalable targets, which keep their service's desired count within their limits."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        _scale(properties)
        return super().create(logical_id, properties, stack_name)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        _scale(new)
        return super().update(physical_id, old, new, stack_name, logical_id)


def _spelled(value: Any) -> Any:
    """Spell the names of all members as the API does; ministack does so for the upper ones and leaves out secrets."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    camel = {name[:1].lower() + name[1:]: inner for name, inner in value.items()}
    return {name: inner if name in AS_WRITTEN else _spelled(inner) for name, inner in camel.items()}


def _digest(image: str) -> str:
    """Return the digest in an image's name, else one derived from its tag: nothing is pulled here."""
    _, _, digest = image.partition("@")
    return digest or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _scale(properties: Properties) -> None:
    """Set the desired count within the limits, as registering a target does; it never scales later."""
    if properties["ScalableDimension"] != DESIRED_COUNT:
        return
    _, cluster, name = properties["ResourceId"].split("/")
    service = ecs._services.get(f"{cluster}/{name}")
    if service is None:
        raise ValueError(f"ECS service doesn't exist: {properties['ResourceId']}")
    count = min(max(service["desiredCount"], int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if count != service["desiredCount"]:
        ecs._update_service({"cluster": cluster, "service": name, "desiredCount": count})
