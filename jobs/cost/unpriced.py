"""Charges without a price, and sums that are therefore only a lower bound."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.cost.formatting import dollars
from jobs.cost.prices import COMPLETE_REGION

NAMED = 3
"""How many charges and regions a phrase names, the largest first."""


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """A charge, or a whole resource, that no figure counts."""

    environment: str
    stack: str
    region: str
    resource: str
    what: str
    """The charge; or the resource's type, if not even its charges are known."""
    quantity: Decimal = Decimal(1)
    price: str = ""
    """The missing price's key; empty if the resource cannot be priced at all."""
    elsewhere: Decimal | None = None
    """USD per month at the prices of `prices.COMPLETE_REGION`; None if those lack it too."""
    reason: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Identifies the charge within its estimate."""
        return self.environment, self.stack, self.resource, self.what

    def __str__(self) -> str:
        return f"{self.stack}: {self.resource}, {self.what}: {self.reason}"


def bounded(amount: Decimal, unpriced: Sequence[Unpriced]) -> str:
    """Return a sum in dollars: `$404.46`, or `at least $31.14` if something is not counted."""
    return f"{'at least ' if unpriced else ''}${dollars(amount)}"


def missing(unpriced: Iterable[Unpriced]) -> str:
    """Name the largest charges without a price: `no prices in eu-west-1 for NAT gateway; tasks: vCPU; 20 more`.

    The order, and the sum that follows, are those of `prices.COMPLETE_REGION`. Empty if everything has a price.
    """
    listed = list(unpriced)
    if not listed:
        return ""
    regions = ", ".join(_first(list(dict.fromkeys(one.region for one in listed))))
    charges = "; ".join(_first([what for what, _ in by_charge(listed)]))
    known = sum((one.elsewhere for one in listed if one.elsewhere is not None), Decimal(0))
    sized = f": ${dollars(known)} at {COMPLETE_REGION}'s prices" if known else ""
    return f"no prices in {regions} for {charges}{sized}"


def _first(items: Sequence[str]) -> list[str]:
    more = len(items) - NAMED
    return [*items[:NAMED], f"{more} more"] if more > 0 else list(items)


def by_charge(unpriced: Iterable[Unpriced]) -> list[tuple[str, Decimal | None]]:
    """Return each charge and what it costs in `prices.COMPLETE_REGION`: unknown ones first, then the largest."""
    sums: dict[str, Decimal | None] = {}
    for one in unpriced:
        so_far = sums.get(one.what, Decimal(0))
        sums[one.what] = None if so_far is None or one.elsewhere is None else so_far + one.elsewhere
    return sorted(sums.items(), key=lambda item: (item[1] is not None, -(item[1] or 0)))
