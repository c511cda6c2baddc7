"""Resource types ministack does not know: recorded with the identity their schema promises, not simulated.

The schemas are CloudFormation's own, as cfn-lint ships them. They say which property names a resource (its `Ref`) and
which attributes it returns.
"""

import hashlib

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, here
from rehearsal.emulator.rules.schemas import HOME_REGION, Pointer, resource_types, schema_of

recorded_types: set[str] = set()
"""The recorded-only types that a stack has used."""


def register() -> None:
    """Let stacks use every type that CloudFormation has a schema for and ministack has no handler for."""
    for resource_type in resource_types(HOME_REGION):
        if resource_type.startswith("AWS::") and not providers.is_registered(resource_type):
            providers.register(RecordedType(resource_type))


class RecordedType(providers.ResourceProvider):
    """Records a resource: its identifier and attributes come from the schema, and nothing acts on it."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        recorded_types.add(self.resource_type)
        return self._identify(logical_id, properties, stack_name)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        return physical_id, self._identify(logical_id, new, stack_name)[1]

    def _identify(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        schema = schema_of(self.resource_type)
        if schema is None:
            raise ValueError(f"{self.resource_type} has no schema")
        _, service, kind = self.resource_type.lower().split("::")
        account, region = here()
        generated = providers.physical_name(stack_name, logical_id)
        token = hashlib.sha256(f"{account}/{region}/{generated}".encode()).hexdigest()[:17]
        arn = f"arn:aws:{service}:{region}:{account}:{kind}/{token}"
        attributes = {
            name: properties.get(name, arn if name.endswith("Arn") else f"{name.lower()}-{token}")
            for name in map(_name, schema.pointers("readOnlyProperties"))
        }
        parts = map(_name, schema.pointers("primaryIdentifier"))
        identity = [str(properties.get(part) or attributes.get(part) or generated) for part in parts]
        return "|".join(identity) or generated, attributes


def _name(pointer: Pointer) -> str:
    return ".".join(pointer)
