"""Charges of a resource: a price, a quantity, and the assumptions behind the quantity."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from jobs.cost import CostError
from jobs.cost.assembly import Resource, Stack
from jobs.cost.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Commitment:
    """The always-running part of a charge, and its price with a one-year commitment."""

    price: str
    quantity: Decimal
    """In units of the committed price."""
    instead_of: Decimal
    """In units of the on-demand price."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One line of a monthly bill."""

    what: str
    price: str
    """The price's key in the price file."""
    quantity: Decimal
    assumptions: tuple[str, ...] = ()
    """The usage assumptions it depends on; empty if the charge is fixed."""
    discount: Decimal = Decimal(0)
    """Fraction of the price, from 0 to 1."""
    commitment: Commitment | None = None


Pricer: TypeAlias = Callable[[Resource, Stack, Usage], Iterator[Charge]]
"""Yields the charges of a resource of one type."""


def number(resource: Resource, name: str, default: int | None = None) -> Decimal:
    """Return a property as a number; raises CostError if the template has no number there."""
    return as_number(resource, name, resource.properties.get(name, default))


def as_number(resource: Resource, name: str, value: Any) -> Decimal:
    """Return the value as a number; raises CostError if it is not one."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise CostError(f"{resource.logical_id} ({resource.type}): {name} is not a number in the template") from None


def text(resource: Resource, name: str, default: str = "") -> str:
    """Return a property as a string; raises CostError if the template has no plain string there."""
    value = resource.properties.get(name, default)
    if not isinstance(value, str):
        raise CostError(f"{resource.logical_id} ({resource.type}): {name} is not a plain string in the template")
    return value
