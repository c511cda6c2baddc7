"""ECS: task definitions spelled as its API does, tasks with their images' digests, services kept at their scaling."""

import hashlib
from typing import Any

from rehearsal.emulator.cloudformation import generic_types
from rehearsal.emulator.internals import Properties, Provisioned, ecs, handlers, provisioners

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
DESIRED_COUNT = "ecs:service:DesiredCount"
AS_WRITTEN = ("dockerLabels", "options")
"""Members of a container definition whose own members' names are the user's."""

_record = generic_types.creator(SCALABLE_TARGET)
_record_change = generic_types.updater(SCALABLE_TARGET)


def register() -> None:
    """Complete ministack's container definitions and tasks; let a scalable target raise its service to its minimum."""
    spelled_above = provisioners._normalize_container_defs

    def spelled(definitions: list[Properties]) -> list[Properties]:
        return [_spelled(definition) for definition in spelled_above(definitions)]

    provisioners._normalize_container_defs = spelled
    made_above = ecs._build_task_containers

    def made(definition: Properties | None, overrides: list[Properties]) -> list[Properties]:
        return [{**item, "imageDigest": _digest(item["image"])} for item in made_above(definition, overrides)]

    ecs._build_task_containers = made
    handlers[SCALABLE_TARGET] = {
        "create": _create_target,
        "update": _update_target,
        "update_with_logical_id": True,
        "delete": lambda _physical_id, _properties: None,
    }


def _spelled(value: Any) -> Any:
    """Spell the names of all members as the API does; ministack does so for the upper ones and leaves out secrets."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    camel = {name[:1].lower() + name[1:]: inner for name, inner in value.items()}
    return {name: inner if name in AS_WRITTEN else _spelled(inner) for name, inner in camel.items()}


def _digest(image: str) -> str:
    """Return the digest that an image is named by, or one made up for its tag: nothing is pulled here."""
    _, _, digest = image.partition("@")
    return digest or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _create_target(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    _scale(properties)
    return _record(logical_id, properties, stack_name)


def _update_target(physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str) -> Provisioned:
    _scale(new)
    return _record_change(physical_id, old, new, stack_name, logical_id)


def _scale(properties: Properties) -> None:
    """Bring the service's count between the target's limits, as registering a target does; nothing scales it later."""
    if properties["ScalableDimension"] != DESIRED_COUNT:
        return
    _, cluster, name = properties["ResourceId"].split("/")
    service = ecs._services.get(f"{cluster}/{name}")
    if service is None:
        raise ValueError(f"ECS service doesn't exist: {properties['ResourceId']}")
    count = min(max(service["desiredCount"], int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if count != service["desiredCount"]:
        ecs._update_service({"cluster": cluster, "service": name, "desiredCount": count})
