"""Resource providers: how this package gives CloudFormation a resource type, or adds to one of ministack's.

A new type is a subclass of `ResourceProvider` with create, update and delete. An `Extension` adds to the provider that
is already registered. `register` is the only place that passes either to ministack. A provider does not say which
changes replace a resource: `rules/replacement.py` reads that from the type's schema.
"""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from rehearsal.emulator.internals import Properties, Provisioned, handlers, provisioners

Handlers = dict[str, Any]
"""ministack's form of a provider: functions by operation, and options."""


class ResourceProvider:
    """Creates, updates and deletes the resources of one type. Raise ValueError to fail the operation, as AWS would."""

    def __init__(self, resource_type: str) -> None:
        self.resource_type = resource_type

    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        """Create a resource; return its physical id and attributes."""
        raise NotImplementedError

    def update(
        self,
        physical_id: str,  # noqa: ARG002 - for those who override it
        old: Properties,  # noqa: ARG002
        new: Properties,
        stack_name: str,
        logical_id: str,
    ) -> Provisioned:
        """Update a resource in place; return its physical id and attributes. By default, as for a new resource."""
        return self.create(logical_id, new, stack_name)

    def delete(self, physical_id: str, properties: Properties, *rest: Any) -> None:
        """Delete a resource. By default there is nothing to delete."""

    def handlers(self) -> Handlers:
        """Return the provider in ministack's form."""
        return {"create": self.create, "update": self.update, "update_with_logical_id": True, "delete": self.delete}


class Extension(ResourceProvider):
    """Adds to a registered provider: override an operation, and call `super()` for what the provider does itself."""

    def __init__(self, resource_type: str) -> None:
        super().__init__(resource_type)
        self._extended: Handlers = dict(handlers[resource_type])

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        return self._extended["create"](logical_id, properties, stack_name)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        with_logical_id = (logical_id,) if self._extended.get("update_with_logical_id") else ()
        return self._extended["update"](physical_id, old, new, stack_name, *with_logical_id)

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: Any) -> None:
        self._extended["delete"](physical_id, properties, *rest)

    @override
    def handlers(self) -> Handlers:
        return {**self._extended, **super().handlers()}


class Details(Extension):
    """Stores what a template says and the extended provider drops, after each create and update."""

    def __init__(self, resource_type: str, store: Callable[[str, Properties], None]) -> None:
        super().__init__(resource_type)
        self._store = store

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        provisioned = super().create(logical_id, properties, stack_name)
        self._store(provisioned[0], properties)
        return provisioned

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        provisioned = super().update(physical_id, old, new, stack_name, logical_id)
        self._store(provisioned[0], new)
        return provisioned


def register(*providers: ResourceProvider) -> None:
    """Let stacks use these providers, instead of those registered before for the same types."""
    for provider in providers:
        handlers[provider.resource_type] = provider.handlers()


def register_import(resource_type: str, adopt: Callable[[dict[str, str]], Provisioned]) -> None:
    """Let change sets import resources of a type; `adopt` gets the resource's identifier."""
    handlers[resource_type]["import"] = adopt


def is_registered(resource_type: str) -> bool:
    """Return whether a type has a provider, ours or ministack's."""
    return resource_type in handlers


def physical_name(stack_name: str, logical_id: str, *, max_length: int = 128) -> str:
    """Return the name that CloudFormation generates: the same at each update, another one for a replacement."""
    return provisioners._physical_name(stack_name, logical_id, max_len=max_length)
