"""Estimates the monthly cost of environments: one line for each charge of each resource."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from jobs.cost import CostError
from jobs.cost.assembly import Environment, Resource, Stack
from jobs.cost.charges import Charge, Commitment
from jobs.cost.prices import COMPLETE_REGION, Price, PriceList, read_prices
from jobs.cost.resources import FREE, PRICED, is_custom
from jobs.cost.unpriced import Unpriced
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

    names: tuple[str, ...]
    """All environments, in pipeline order."""
    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    """What has no price. If there is any, every sum with it is a lower bound."""
    price_lists: tuple[PriceList, ...] = field(repr=False)

    @property
    def monthly(self) -> Decimal:
        """USD per month."""
        return total(self.lines)

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments that cost something, in pipeline order."""
        costing = {one.environment for one in (*self.lines, *self.unpriced)}
        return tuple(name for name in self.names if name in costing)

    def of(self, environment: str, stack: str | None = None) -> tuple[Line, ...]:
        """Return the lines of an environment, or of one of its stacks."""
        return tuple(line for line in self.lines if line.environment == environment and stack in (None, line.stack))

    def unpriced_of(self, environment: str, stack: str | None = None) -> tuple[Unpriced, ...]:
        """Return what has no price in an environment, or in one of its stacks."""
        return tuple(one for one in self.unpriced if one.environment == environment and stack in (None, one.stack))

    def stacks_of(self, environment: str) -> tuple[str, ...]:
        """Return the names of the environment's stacks that cost something."""
        found = (*self.of(environment), *self.unpriced_of(environment))
        return tuple(dict.fromkeys(one.stack for one in found))


def total(lines: Iterable[Line]) -> Decimal:
    """Return the lines' sum in USD per month."""
    return sum((line.monthly for line in lines), NOTHING)


def estimate(
    environments: Iterable[Environment],
    assumptions: Assumptions,
    *,
    prices_of: Callable[[str], PriceList] = read_prices,
) -> Estimate:
    """Price every charge; what has no price is in `Estimate.unpriced`.

    Raises CostError if a price file is invalid.
    """
    lines: list[Line] = []
    unpriced: list[Unpriced] = []
    lists: dict[str, PriceList] = {}
    environments = tuple(environments)
    for environment in environments:
        for stack in environment.stacks:
            lists[stack.region] = prices_of(stack.region)
            for resource in stack.resources:
                try:
                    for found in _charged(environment, stack, resource, assumptions, prices_of):
                        if isinstance(found, Line):
                            lines.append(found)
                        else:
                            unpriced.append(found)
                except CostError as error:
                    unpriced.append(_without_figures(environment, stack, resource, str(error)))
                except (AttributeError, KeyError, TypeError, ValueError):
                    # The template may have an intrinsic function where a plain value is read.
                    reason = "the template has no plain values to price it by"
                    unpriced.append(_without_figures(environment, stack, resource, reason))
    return Estimate(
        names=tuple(environment.name for environment in environments),
        lines=tuple(lines),
        unpriced=tuple(unpriced),
        price_lists=tuple(lists.values()),
    )


def _charged(
    environment: Environment,
    stack: Stack,
    resource: Resource,
    assumptions: Assumptions,
    prices_of: Callable[[str], PriceList],
) -> Iterator[Line | Unpriced]:
    if resource.type in FREE or is_custom(resource.type):
        return
    if resource.type not in PRICED:
        raise CostError(
            "no price is known for this type: add it to jobs/cost/resources/__init__.py, as PRICED, or as FREE with "
            "the reason"
        )
    prices = prices_of(stack.region)
    for charge in PRICED[resource.type](resource, stack, assumptions.of(environment.name)):
        if not charge.quantity:
            continue
        price = prices.get(charge.price)
        if price is None:
            yield _without_price(environment, stack, resource, charge, prices_of(COMPLETE_REGION).get(charge.price))
            continue
        yield Line(
            environment=environment.name,
            stack=stack.name,
            resource=resource.logical_id,
            type=resource.type,
            what=charge.what,
            price=price,
            quantity=charge.quantity,
            discount=charge.discount,
            assumptions=charge.assumptions,
            saving=_saving(price, charge.commitment, prices),
        )


def _without_price(
    environment: Environment, stack: Stack, resource: Resource, charge: Charge, elsewhere: Price | None
) -> Unpriced:
    return Unpriced(
        environment=environment.name,
        stack=stack.name,
        region=stack.region,
        resource=resource.logical_id,
        what=charge.what,
        quantity=charge.quantity * (1 - charge.discount),
        price=charge.price,
        elsewhere=(charge.quantity * elsewhere.usd * (1 - charge.discount)).quantize(GRID) if elsewhere else None,
        reason=f'no price "{charge.price}" is known in {stack.region}: make prices REGION={stack.region}',
    )


def _without_figures(environment: Environment, stack: Stack, resource: Resource, reason: str) -> Unpriced:
    return Unpriced(
        environment=environment.name,
        stack=stack.name,
        region=stack.region,
        resource=resource.logical_id,
        what=resource.type,
        reason=reason,
    )


def _saving(price: Price, commitment: Commitment | None, prices: PriceList) -> Saving | None:
    if commitment is None or not commitment.instead_of:
        return None
    committed = prices.get(commitment.price)
    return Saving(
        on_demand=commitment.instead_of * price.usd,
        committed=commitment.quantity * committed.usd if committed else None,
        price=commitment.price,
    )
