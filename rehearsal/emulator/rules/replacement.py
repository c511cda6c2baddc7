"""Replacement: which changes make CloudFormation create a resource again.

A type's schema says it: `createOnlyProperties` always, `conditionalCreateOnlyProperties` perhaps ("Resource type
schema", CloudFormation CLI User Guide). Of a nested one, `/properties/DnsOptions/PrivateDnsPreference`, only that part
counts. ministack has hand-written lists for some types, and none for most.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any

from rehearsal.emulator.internals import Properties, changesets, provisioners, stacks
from rehearsal.emulator.rules.schemas import Pointer, schema_of

ALWAYS, PERHAPS, NEVER = "Always", "Conditionally", "Never"
"""What DescribeChangeSet says of a property: RequiresRecreation."""

_replacing_by_hand = dict(provisioners._REPLACING_PROPERTIES)
_perhaps_by_hand = dict(provisioners._CONDITIONALLY_REPLACING_PROPERTIES)


_changed_parts: ContextVar[dict[tuple[str, str], set[bool]]] = ContextVar("changed_parts")
"""While two templates are compared: of a type's properties with create-only parts, whether those parts differ."""


def register() -> None:
    """Let change sets and updates ask the schemas."""
    for module in (provisioners, stacks):
        module._property_recreation = recreation
        module._replacing_change = replaces
    compare = _knowing_parts(stacks._diff_resources)
    for module in (stacks, changesets):
        module._diff_resources = compare


def recreation(resource_type: str, name: str) -> str:
    """Return what a change set says of a changed property."""
    if schema_of(resource_type) is None:
        return NEVER
    if name in always(resource_type):
        return ALWAYS
    if name in perhaps(resource_type):
        return PERHAPS
    if not any(pointer[0] == name for pointer in _nested(resource_type)):
        return NEVER
    differ = _changed_parts.get({}).get((resource_type, name), set())
    # Two resources of a type, one of which changes there: which one is meant is not known here.
    return PERHAPS if len(differ) != 1 else ALWAYS if differ == {True} else NEVER


def replaces(resource_type: str, old: Properties, new: Properties) -> bool:
    """Return whether an update from old to new properties replaces the resource for certain."""
    if any(old.get(name) != new.get(name) for name in always(resource_type)):
        return True
    return any(_at(old, pointer) != _at(new, pointer) for pointer in _nested(resource_type))


def _knowing_parts(above: Callable[..., Any]) -> Callable[..., Any]:
    """Keep which create-only parts differ while ministack compares two templates property by property."""

    def compare(old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any) -> Any:
        token = _changed_parts.set(_differing_parts(old.get("Resources", {}), new.get("Resources", {})))
        try:
            return above(old, new, *rest, **more)
        finally:
            _changed_parts.reset(token)

    return compare


def _differing_parts(old: dict[str, Any], new: dict[str, Any]) -> dict[tuple[str, str], set[bool]]:
    found: dict[tuple[str, str], set[bool]] = {}
    for logical_id in old.keys() & new.keys():
        kind = new[logical_id].get("Type", "")
        before, after = (item.get("Properties") or {} for item in (old[logical_id], new[logical_id]))
        for name in {pointer[0] for pointer in _nested(kind)}:
            if before.get(name) != after.get(name):
                parts = [pointer for pointer in _nested(kind) if pointer[0] == name]
                differ = any(_at(before, part) != _at(after, part) for part in parts)
                found.setdefault((kind, name), set()).add(differ)
    return found


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


def _at(value: Any, pointer: Pointer) -> Any:
    """Return what stands at the place; of lists, of each item (`*`)."""
    for index, part in enumerate(pointer):
        if part == "*" and isinstance(value, list):
            return [_at(item, pointer[index + 1 :]) for item in value]
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
