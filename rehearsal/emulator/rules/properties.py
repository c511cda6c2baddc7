"""Properties: unknown and missing ones, and values outside what the type's schema allows.

CloudFormation validates a resource's resolved properties against its type's schema before it calls the handler ("The
input to a create handler MUST be valid against the resource schema", Resource type handler contract).
"""

from functools import cache
from typing import Any

from rehearsal.emulator.internals import Properties, here
from rehearsal.emulator.rules.refusal import Refusal
from rehearsal.emulator.rules.schema_keywords.compiler import Check
from rehearsal.emulator.rules.schemas import HOME_REGION, extensions_of, resource_types, schema_of
from rehearsal.emulator.rules.validator import compiled

MOST_FAULTS = 5
"""The most faults reported for one resource."""


def require_valid(resource_type: str, logical_id: str, properties: Properties) -> None:
    """Raise Refusal unless the properties are valid; custom resources have no schema."""
    _, region = here()
    if resource_type not in resource_types(HOME_REGION):
        return
    if resource_type not in resource_types(region):
        raise Refusal(f"Template format error: Unrecognized resource types: [{resource_type}]")
    faults = [fault for check in _checks(resource_type, region) for fault in check(properties, "#")]
    faults += [
        f"#: extraneous key [{name}] is not permitted"
        for name in properties
        if name in _read_only(resource_type, region)
    ]
    if faults:
        raise Refusal(
            f"Properties validation failed for resource {logical_id} with message:\n"
            + "\n".join(f"[{fault}]" for fault in dict.fromkeys(faults[:MOST_FAULTS]))
        )


@cache
def _checks(resource_type: str, region: str) -> tuple[Check, ...]:
    schema = schema_of(resource_type, region)
    if schema is None:
        return ()
    return compiled(schema.document), *(compiled(rule) for rule in extensions_of(resource_type) if _is_plain(rule))


def _is_plain(rule: Any) -> bool:
    """Return whether a cfn-lint rule concerns only properties, not the template around them."""
    return isinstance(rule, dict) and "cfnLint" not in str(rule)


@cache
def _read_only(resource_type: str, region: str) -> frozenset[str]:
    """Return the properties that only AWS sets."""
    schema = schema_of(resource_type, region)
    if schema is None:
        return frozenset()
    required = set(schema.document.get("required", ()))
    given = {
        pointer[0] for kind in ("createOnlyProperties", "writeOnlyProperties") for pointer in schema.pointers(kind)
    }
    read_only = {pointer[0] for pointer in schema.pointers("readOnlyProperties") if len(pointer) == 1}
    return frozenset(read_only - required - given)
