"""The difference between two estimates."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from jobs.cost.estimate import NOTHING, Estimate, Line
from jobs.cost.formatting import signed
from jobs.cost.unpriced import Unpriced, bounded, missing

Key = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A charge that is new, removed, or different."""

    environment: str
    stack: str
    resource: str
    what: str
    before: Decimal
    after: Decimal

    @property
    def monthly(self) -> Decimal:
        """Change in USD per month; negative if cheaper."""
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All changes, and the totals."""

    before: Decimal
    after: Decimal
    changes: tuple[Change, ...]
    """Those with a price on both sides, largest first."""
    unpriced_before: tuple[Unpriced, ...]
    unpriced_after: tuple[Unpriced, ...]
    """What has no price on either side. If there is any, the sum of that side is a lower bound."""

    @property
    def monthly(self) -> Decimal:
        """Change of what has a price in USD per month; negative if cheaper."""
        return self.after - self.before

    @property
    def unpriced(self) -> tuple[Unpriced, ...]:
        """What has no price on one side at least."""
        return tuple({one.key: one for one in (*self.unpriced_before, *self.unpriced_after)}.values())

    @property
    def changed_unpriced(self) -> tuple[Unpriced, ...]:
        """What has no price and is new, removed or different; the cost's change is then unknown."""
        old, new = _quantities(self.unpriced_before), _quantities(self.unpriced_after)
        changed = (one for one in self.unpriced if old.get(one.key) != new.get(one.key))
        return tuple(sorted(changed, key=lambda one: (one.elsewhere is not None, -(one.elsewhere or NOTHING))))

    @property
    def phrase(self) -> str:
        """The totals: `+$12.30, from $370.91 to $383.21`, or `from $404.46 to at least $31.14 (no prices in …)`."""
        change = "" if self.changed_unpriced else f"{signed(self.monthly)}, "
        totals = f"from {bounded(self.before, self.unpriced_before)} to {bounded(self.after, self.unpriced_after)}"
        named = missing(self.unpriced_after or self.unpriced_before)
        return f"{change}{totals}" + (f" ({named})" if named else "")


def difference(before: Estimate, after: Estimate) -> Difference:
    """Compare two estimates, charge by charge."""
    old, new = _by_key(before.lines), _by_key(after.lines)
    unknown = {one.key for one in (*before.unpriced, *after.unpriced)}
    changes = [
        Change(
            environment=environment,
            stack=stack,
            resource=resource,
            what=what,
            before=old.get((environment, stack, resource, what), NOTHING),
            after=new.get((environment, stack, resource, what), NOTHING),
        )
        for environment, stack, resource, what in dict.fromkeys([*old, *new])
        if (environment, stack, resource, what) not in unknown
    ]
    return Difference(
        before=before.monthly,
        after=after.monthly,
        changes=tuple(sorted((one for one in changes if one.monthly), key=lambda one: -abs(one.monthly))),
        unpriced_before=before.unpriced,
        unpriced_after=after.unpriced,
    )


def _by_key(lines: Iterable[Line]) -> dict[Key, Decimal]:
    sums: dict[Key, Decimal] = {}
    for line in lines:
        sums[line.key] = sums.get(line.key, NOTHING) + line.monthly
    return sums


def _quantities(unpriced: Iterable[Unpriced]) -> dict[Key, list[tuple[str, str, Decimal]]]:
    """Return region, price and quantity of what has no price."""
    found: dict[Key, list[tuple[str, str, Decimal]]] = {}
    for one in unpriced:
        found.setdefault(one.key, []).append((one.region, one.price, one.quantity))
    return found
