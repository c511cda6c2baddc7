"""Puts the rules before every handler: one hook for all creates, one for all updates, one for all deletes."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rehearsal.emulator.internals import Properties, Provisioned, provisioners, stacks
from rehearsal.emulator.rules import gaps, names, properties, replacement, request, services, templates
from rehearsal.emulator.rules.refusal import Refusal
from rehearsal.emulator.rules.request import Request

registry = names.Registry()

_updates_in_place: ContextVar[bool] = ContextVar("updates_in_place", default=False)
"""A type without an update handler is updated by its create handler, which creates nothing then."""
_rolls_back: ContextVar[bool] = ContextVar("rolls_back", default=False)

Create = Callable[[str, str, Properties, str], Provisioned]


def register() -> None:
    """Put the rules before ministack's three ways to a handler."""
    _hook("_provision_resource", _creating)
    _hook("_update_resource", _updating)
    _hook("_delete_resource", _deleting)
    _hook_rollback()
    templates.register()
    gaps.register()
    services.network.refuse_used_target_groups()
    replacement.register()


def _hook(name: str, wrap: Callable[[Any], Any]) -> None:
    for module in (provisioners, stacks):
        setattr(module, name, wrap(getattr(module, name)))


def _creating(above: Create) -> Create:
    def create(resource_type: str, logical_id: str, given: Properties, stack_name: str) -> Provisioned:
        if _updates_in_place.get():
            return above(resource_type, logical_id, given, stack_name)
        properties.require_valid(resource_type, logical_id, given)
        name = names.name_of(resource_type, given)
        if name is not None:
            registry.require_free(name)
        request.apply(Request(resource_type, logical_id, given))
        try:
            provisioned = above(resource_type, logical_id, given, stack_name)
        except gaps.BROKEN as error:
            raise gaps.broken(resource_type, error) from error
        if name is not None:
            registry.take(name)
        return provisioned

    return create


def _updating(above: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    def update(  # noqa: PLR0917 - the parameters are ministack's
        resource_type: str,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,
        logical_id: str | None = None,
        old_attributes: dict[str, Any] | None = None,
    ) -> Provisioned:
        rest = (resource_type, physical_id, old, new, stack_name, logical_id, old_attributes)
        if old == new:
            return above(*rest)
        replaced = replacement.replaces(resource_type, old, new)
        if not _rolls_back.get():
            properties.require_valid(resource_type, logical_id or physical_id, new)
            if replaced:
                _require_another_name(resource_type, physical_id, old, new)
            else:
                request.apply(Request(resource_type, logical_id or physical_id, new, old, physical_id))
        token = _updates_in_place.set(not replaced)
        try:
            provisioned = above(*rest)
        except gaps.BROKEN as error:
            raise gaps.broken(resource_type, error) from error
        finally:
            _updates_in_place.reset(token)
        if replaced and provisioned[0] == physical_id:
            _delete_later(resource_type, physical_id, old, new)
        return provisioned

    return update


def _delete_later(resource_type: str, physical_id: str, old: Properties, new: Properties) -> None:
    """Have the predecessor deleted where ministack does not tell it by its physical id, as a subscription filter."""
    before, later = names.name_of(resource_type, old), provisioners._DEFERRED_PREDECESSOR_DELETES.get()
    if before is not None and before != names.name_of(resource_type, new) and later is not None:
        later.append((provisioners._delete_resource, (resource_type, physical_id, old), {}))


def _deleting(above: Callable[..., None]) -> Callable[..., None]:
    def delete(resource_type: str, physical_id: str, given: Properties, *rest: Any, **named: Any) -> None:
        try:
            above(resource_type, physical_id, given, *rest, **named)
        except gaps.BROKEN as error:
            raise gaps.broken(resource_type, error) from error
        name = names.name_of(resource_type, given)
        if name is not None:
            registry.free(name)

    return delete


def _hook_rollback() -> None:
    """Let what goes back pass: AWS's handlers leave out what cannot be undone, such as a database's larger storage."""
    above = stacks._revert_update

    async def revert(*arguments: Any) -> None:
        token = _rolls_back.set(True)
        try:
            await above(*arguments)
        finally:
            _rolls_back.reset(token)

    stacks._revert_update = revert


def _require_another_name(resource_type: str, physical_id: str, old: Properties, new: Properties) -> None:
    """Refuse to replace what keeps its name: the new one is created before the old one goes.

    Source: "Update behaviors of stack resources" and "Name type", CloudFormation User Guide: "you can't perform an
    update that requires replacing a custom-named resource".
    """
    before, after = names.name_of(resource_type, old), names.name_of(resource_type, new)
    if before is not None and before == after:
        raise Refusal(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {physical_id} and update the stack again."
        )
