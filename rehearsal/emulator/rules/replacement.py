"""Replacement: which changes make CloudFormation create a resource again.

A type's schema says it: `createOnlyProperties` always, `conditionalCreateOnlyProperties` perhaps ("Resource type
schema", CloudFormation CLI User Guide). Of a nested one, `/properties/DnsOptions/PrivateDnsPreference`, only that part
counts. ministack has hand-written lists for some types, and none for most.
"""

from functools import cache
from typing import Any

from rehearsal.emulator.internals import Properties, provisioners
from rehearsal.emulator.rules.schemas import Pointer, schema_of

ALWAYS, PERHAPS, NEVER = "Always", "Conditionally", "Never"
"""What DescribeChangeSet says of a property: RequiresRecreation."""

_replacing_by_hand = dict(provisioners._REPLACING_PROPERTIES)
_perhaps_by_hand = dict(provisioners._CONDITIONALLY_REPLACING_PROPERTIES)


def recreation(resource_type: str, name: str) -> str:
    """Return what a change set says of a changed property before its values are known."""
    if _schemaless(resource_type):
        return NEVER
    if name in always(resource_type):
        return ALWAYS
    if name in perhaps(resource_type) or any(pointer[0] == name for pointer in _nested(resource_type)):
        return PERHAPS
    return NEVER


def replaces(resource_type: str, old: Properties, new: Properties) -> bool:
    """Return whether an update from old to new properties replaces the resource for certain."""
    if any(old.get(name) != new.get(name) for name in always(resource_type)):
        return True
    return any(_at(old, pointer) != _at(new, pointer) for pointer in _nested(resource_type))


def nested_changed(resource_type: str, name: str, old: Any, new: Any) -> bool:
    """Return whether a create-only part of this top-level property differs."""
    pointers = [pointer[1:] for pointer in _nested(resource_type) if pointer[0] == name]
    return any(_at(old, pointer) != _at(new, pointer) for pointer in pointers)


def is_nested_only(resource_type: str, name: str) -> bool:
    """Return whether only parts of this property are create-only."""
    return (
        name not in always(resource_type)
        and name not in perhaps(resource_type)
        and any(pointer[0] == name for pointer in _nested(resource_type))
    )


@cache
def always(resource_type: str) -> frozenset[str]:
    """Return the top-level properties whose change always replaces."""
    schema = schema_of(resource_type)
    found = (
        {pointer[0] for pointer in schema.pointers("createOnlyProperties") if len(pointer) == 1} if schema else set()
    )
    return frozenset(found | set(_replacing_by_hand.get(resource_type, ())))


@cache
def perhaps(resource_type: str) -> frozenset[str]:
    """Return the top-level properties whose change may replace."""
    schema = schema_of(resource_type)
    found = {pointer[0] for pointer in schema.pointers("conditionalCreateOnlyProperties")} if schema else set()
    return frozenset(found | set(_perhaps_by_hand.get(resource_type, ()))) - always(resource_type)


@cache
def _nested(resource_type: str) -> tuple[Pointer, ...]:
    schema = schema_of(resource_type)
    return tuple(pointer for pointer in schema.pointers("createOnlyProperties") if len(pointer) > 1) if schema else ()


def _schemaless(resource_type: str) -> bool:
    return schema_of(resource_type) is None


def _at(value: Any, pointer: Pointer) -> Any:
    """Return what stands at the place; of lists, of each item (`*`)."""
    for index, part in enumerate(pointer):
        if part == "*" and isinstance(value, list):
            return [_at(item, pointer[index + 1 :]) for item in value]
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
