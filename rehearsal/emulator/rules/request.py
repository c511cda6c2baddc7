"""The input of a rule, and the decorators that register rules for types and operations."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.emulator.internals import Properties


@dataclass(frozen=True)
class Request:
    """A create or an update in place of one resource."""

    resource_type: str
    logical_id: str
    properties: Properties
    """The new properties, with every reference resolved."""
    before: Properties | None = None
    """The current properties; None for a creation."""
    physical_id: str = ""

    def changed(self, name: str) -> bool:
        """Return whether a property is new or differs."""
        return self.before is None or self.before.get(name) != self.properties.get(name)

    def get(self, *path: str) -> Any:
        """Return the property at the path, or None."""
        found: Any = self.properties
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found


Rule = Callable[[Request], None]
"""Raises Refusal if AWS would refuse."""

_on_create: dict[str, list[Rule]] = defaultdict(list)
_on_update: dict[str, list[Rule]] = defaultdict(list)


def on_create(*resource_types: str) -> Callable[[Rule], Rule]:
    """Apply a rule to creations of these types."""
    return _registering(_on_create, resource_types)


def on_update(*resource_types: str) -> Callable[[Rule], Rule]:
    """Apply a rule to updates in place of these types."""
    return _registering(_on_update, resource_types)


def on_both(*resource_types: str) -> Callable[[Rule], Rule]:
    """Apply a rule to creations and to updates in place of these types."""

    def register(rule: Rule) -> Rule:
        return on_update(*resource_types)(on_create(*resource_types)(rule))

    return register


def apply(request: Request) -> None:
    """Apply the rules of a type; raise Refusal if one refuses."""
    for rule in (_on_create if request.before is None else _on_update)[request.resource_type]:
        rule(request)


def _registering(rules: dict[str, list[Rule]], resource_types: tuple[str, ...]) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for resource_type in resource_types:
            rules[resource_type].append(rule)
        return rule

    return register
