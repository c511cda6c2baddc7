"""The difference between two estimates."""

from dataclasses import dataclass
from decimal import Decimal

from jobs.cost.estimate import NOTHING, Estimate


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
    """Largest first."""
    unpriced: tuple[str, ...]
    """Resources without a price on either side."""

    @property
    def monthly(self) -> Decimal:
        """Change in USD per month; negative if cheaper."""
        return self.after - self.before


def difference(before: Estimate, after: Estimate) -> Difference:
    """Compare two estimates, charge by charge."""
    old, new = _by_key(before), _by_key(after)
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
    ]
    return Difference(
        before=before.monthly,
        after=after.monthly,
        changes=tuple(sorted((one for one in changes if one.monthly), key=lambda one: -abs(one.monthly))),
        unpriced=tuple(dict.fromkeys([*before.unpriced, *after.unpriced])),
    )


def _by_key(estimate: Estimate) -> dict[tuple[str, str, str, str], Decimal]:
    sums: dict[tuple[str, str, str, str], Decimal] = {}
    for line in estimate.lines:
        sums[line.key] = sums.get(line.key, NOTHING) + line.monthly
    return sums
