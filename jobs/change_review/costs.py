"""What a release changes in the monthly bill, by the prices and the assumptions of `jobs/cost/`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.change_review.assembly import ReleasedStack
from jobs.cost.assembly import Environment, Stack
from jobs.cost.difference import Difference, difference
from jobs.cost.estimate import estimate
from jobs.cost.formatting import dollars, signed
from jobs.cost.usage import Assumptions

MOST_CHANGES = 10
"""Of the changed charges, the largest: those of cents follow in `make cost`."""


def cost_change(
    environment: str, released: Sequence[ReleasedStack], deployed: Sequence[Mapping[str, Any] | None]
) -> Difference:
    """Return what the environment costs with the release, against what it costs as it is deployed.

    Nothing here ends a review: what has no price is named in the difference, and not counted on either side.
    """
    before = [_stack(stack, template) for stack, template in zip(released, deployed, strict=True) if template]
    after = [_stack(stack, stack.template) for stack in released]
    assumptions = Assumptions(by_environment={})
    return difference(
        estimate([Environment(name=environment, stacks=tuple(before))], assumptions),
        estimate([Environment(name=environment, stacks=tuple(after))], assumptions),
    )


def in_one_phrase(cost: Difference) -> str:
    """Return the difference for the approver: `monthly cost +$12.30, from $370.91 to $383.21`."""
    uncounted = f", {len(cost.unpriced)} not counted" if cost.unpriced else ""
    return f"monthly cost {signed(cost.monthly)}, from ${dollars(cost.before)} to ${dollars(cost.after)}{uncounted}"


def in_lines(cost: Difference) -> Iterator[str]:
    """Yield the changed charges, the largest first, and what is not counted."""
    for change in cost.changes[:MOST_CHANGES]:
        yield f"{signed(change.monthly):>12}  {change.stack}: {change.resource}, {change.what}"
    if len(cost.changes) > MOST_CHANGES:
        rest = cost.monthly - sum(change.monthly for change in cost.changes[:MOST_CHANGES])
        yield f"{signed(rest):>12}  {len(cost.changes) - MOST_CHANGES} more"
    for message in cost.unpriced:
        yield f" not counted  {message}"


def _stack(stack: ReleasedStack, template: Mapping[str, Any]) -> Stack:
    return Stack(name=stack.name, region=stack.region, template=template)
