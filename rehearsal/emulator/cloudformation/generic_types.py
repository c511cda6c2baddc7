"""Resource types ministack does not know: recorded with the identity their schema promises, not simulated.

The schemas are CloudFormation's own, as cfn-lint ships them. They say which property names a resource (its `Ref`),
which attributes it answers, and which properties cannot change without a replacement.
"""

import hashlib
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

from rehearsal.emulator.internals import Properties, Provisioned, handlers, here, provisioners

recorded_types: set[str] = set()
"""The types that a stack of this process has used and that were recorded only."""


def register() -> None:
    """Let stacks use every type CloudFormation has a schema for and ministack no handler."""
    providers = resources.files("cfnlint.data.schemas.providers")
    known = json.loads(providers.joinpath("us-east-1.json").read_text())
    for resource_type in known:
        if resource_type.startswith("AWS::") and resource_type not in handlers:
            handlers[resource_type] = {
                "create": creator(resource_type),
                "update": updater(resource_type),
                "update_with_logical_id": True,
                "delete": lambda _physical_id, _properties: None,
            }


def creator(resource_type: str) -> Callable[[str, Properties, str], Provisioned]:
    """Return what records a new resource of the type."""

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        recorded_types.add(resource_type)
        return _provision(resource_type, logical_id, properties, stack_name)

    return create


def updater(resource_type: str) -> Callable[[str, Properties, Properties, str, str], Provisioned]:
    """Return what records a change of one."""

    def update(physical_id: str, _old: Properties, new: Properties, stack_name: str, logical_id: str) -> Provisioned:
        _, attributes = _provision(resource_type, logical_id, new, stack_name)
        return physical_id, attributes

    return update


def _provision(resource_type: str, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    schema = _schema(resource_type)
    create_only = [_name(pointer) for pointer in schema.get("createOnlyProperties", [])]
    provisioners._REPLACING_PROPERTIES.setdefault(resource_type, tuple(name for name in create_only if "." not in name))
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES.setdefault(
        resource_type, tuple({name.split(".")[0] for name in create_only if "." in name})
    )
    account, region = here()
    # The engine draws a seed for each replacement and keeps it, so that updates find the same identity again.
    seed = f"{account}/{region}/{stack_name}/{logical_id}/{provisioners._NAME_SEED.get()}"
    token = hashlib.sha256(seed.encode()).hexdigest()[:17]
    service = resource_type.split("::")[1].lower()
    arn = f"arn:aws:{service}:{region}:{account}:{resource_type.split('::')[2].lower()}/{token}"
    attributes: dict[str, Any] = {}
    for pointer in schema.get("readOnlyProperties", []):
        name = _name(pointer)
        attributes[name] = properties.get(name, arn if name.endswith("Arn") else f"{name.lower()}-{token}")
    parts = [_name(pointer) for pointer in schema.get("primaryIdentifier", [])]
    generated = f"{stack_name}-{logical_id}-{token}"
    identity = [str(properties.get(part) or attributes.get(part) or generated) for part in parts]
    return "|".join(identity) or generated, attributes


def _schema(resource_type: str) -> dict[str, Any]:
    # cfn-lint takes most of a second to import; most rehearsals need only a few of its schemas.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema


def _name(pointer: str) -> str:
    return pointer.removeprefix("/properties/").replace("/", ".")
