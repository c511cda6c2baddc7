"""What a resource is charged for: a price and a quantity, and where the quantity comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from jobs.cost.assembly import Resource, Stack
from jobs.cost.errors import CostError
from jobs.cost.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Commitment:
    """The part of a charge that runs every hour, and what it costs for who commits to it."""

    price: str
    quantity: Decimal
    """In units of the committed price."""
    instead_of: Decimal
    """In units of the price on demand."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One line of a bill, of one month."""

    what: str
    price: str
    """The price's key in the price file."""
    quantity: Decimal
    assumptions: tuple[str, ...] = ()
    """The names of what is assumed of usage; without any, the charge is fixed."""
    discount: Decimal = Decimal(0)
    """The part of the price that is taken off, from 0 to 1."""
    commitment: Commitment | None = None


Pricer: TypeAlias = Callable[[Resource, Stack, Usage], Iterator[Charge]]
"""Says what a resource of one type is charged for."""


def number(resource: Resource, name: str, default: int | None = None) -> Decimal:
    """Return a property that must be a number in the template; raises CostError where it is none."""
    return as_number(resource, name, resource.properties.get(name, default))


def as_number(resource: Resource, name: str, value: Any) -> Decimal:
    """Return the value as a number; raises CostError where it is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise CostError(f"{resource.logical_id} ({resource.type}): {name} is no number in the template") from None


def text(resource: Resource, name: str, default: str = "") -> str:
    """Return a property that must be a plain string in the template; raises CostError where it is none."""
    value = resource.properties.get(name, default)
    if not isinstance(value, str):
        raise CostError(f"{resource.logical_id} ({resource.type}): {name} is no plain text in the template")
    return value
