"""Estimates the monthly cost of environments: one line for each charge of each resource."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from jobs.cost.assembly import Environment, Resource, Stack
from jobs.cost.charges import Charge, Commitment
from jobs.cost.errors import CostError
from jobs.cost.prices import Price, PriceList, read_prices
from jobs.cost.resources import FREE, PRICED, is_custom
from jobs.cost.usage import Assumptions

NOTHING = Decimal(0)
GRID = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A charge of a resource."""

    environment: str
    stack: str
    resource: str
    type: str
    what: str
    price: Price
    quantity: Decimal
    discount: Decimal
    assumptions: tuple[str, ...]
    saving: "Saving | None"

    @property
    def monthly(self) -> Decimal:
        """USD per month, rounded to a millionth so that sums and differences of lines are exact."""
        return (self.quantity * self.price.usd * (1 - self.discount)).quantize(GRID)

    @property
    def is_fixed(self) -> bool:
        """Whether it does not depend on usage."""
        return not self.assumptions

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Identifies the line within its estimate."""
        return self.environment, self.stack, self.resource, self.what


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What the always-running part of a line costs on demand and with a one-year commitment."""

    on_demand: Decimal
    committed: Decimal | None
    """None if the price file lacks the price."""
    price: str
    """The key of the committed price."""

    @property
    def monthly(self) -> Decimal:
        """USD saved per month; 0 if the committed price is unknown."""
        return NOTHING if self.committed is None else self.on_demand - self.committed


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Monthly cost of environments."""

    lines: tuple[Line, ...]
    unpriced: tuple[str, ...]
    """Resources without a price, each with a remedy. If there are any, the figures are too low."""
    price_lists: tuple[PriceList, ...] = field(repr=False)

    @property
    def monthly(self) -> Decimal:
        """USD per month."""
        return total(self.lines)

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments, in pipeline order."""
        return tuple(dict.fromkeys(line.environment for line in self.lines))

    def of(self, environment: str, stack: str | None = None) -> tuple[Line, ...]:
        """Return the lines of an environment, or of one of its stacks."""
        return tuple(line for line in self.lines if line.environment == environment and stack in (None, line.stack))


def total(lines: Iterable[Line]) -> Decimal:
    """Return the lines' sum in USD per month."""
    return sum((line.monthly for line in lines), NOTHING)


def estimate(
    environments: Iterable[Environment],
    assumptions: Assumptions,
    *,
    prices_of: Callable[[str], PriceList] = read_prices,
) -> Estimate:
    """Price every resource; those without a price are listed in `Estimate.unpriced`."""
    lines: list[Line] = []
    unpriced: dict[str, None] = {}
    lists: dict[str, PriceList] = {}
    for environment in environments:
        for stack in environment.stacks:
            try:
                lists[stack.region] = prices_of(stack.region)
            except CostError as error:
                unpriced[str(error)] = None
                continue
            for resource in stack.resources:
                try:
                    lines += _lines(environment, stack, resource, assumptions, lists[stack.region])
                except CostError as error:
                    unpriced[f"{stack.name}: {error}"] = None
                except (AttributeError, KeyError, TypeError, ValueError):
                    # The template may have an intrinsic function where a plain value is read.
                    unpriced[f"{stack.name}: {resource.logical_id} ({resource.type}) has no plain values to price"] = (
                        None
                    )
    return Estimate(lines=tuple(lines), unpriced=tuple(unpriced), price_lists=tuple(lists.values()))


def _lines(
    environment: Environment, stack: Stack, resource: Resource, assumptions: Assumptions, prices: PriceList
) -> Iterator[Line]:
    if resource.type in FREE or is_custom(resource.type):
        return
    if resource.type not in PRICED:
        raise CostError(
            f"{resource.logical_id}: no price is known for {resource.type}: "
            "add it to jobs/cost/resources/__init__.py, as PRICED, or as FREE with the reason"
        )
    for charge in PRICED[resource.type](resource, stack, assumptions.of(environment.name)):
        if charge.quantity:
            yield Line(
                environment=environment.name,
                stack=stack.name,
                resource=resource.logical_id,
                type=resource.type,
                what=charge.what,
                price=prices[charge.price],
                quantity=charge.quantity,
                discount=charge.discount,
                assumptions=charge.assumptions,
                saving=_saving(charge, charge.commitment, prices),
            )


def _saving(charge: Charge, commitment: Commitment | None, prices: PriceList) -> Saving | None:
    if commitment is None or not commitment.instead_of:
        return None
    committed = prices.get(commitment.price)
    return Saving(
        on_demand=commitment.instead_of * prices[charge.price].usd,
        committed=commitment.quantity * committed.usd if committed else None,
        price=commitment.price,
    )
