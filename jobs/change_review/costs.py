"""The change in monthly cost of a release, estimated by `jobs/cost/`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud_assembly import Stack as ReleasedStack
from jobs.cost.assembly import Environment, Stack
from jobs.cost.difference import Difference, difference
from jobs.cost.estimate import estimate
from jobs.cost.formatting import dollars, signed
from jobs.cost.usage import Assumptions

MAX_CHANGES = 10
"""How many changed charges to list, largest first; `make cost` lists all."""


def cost_change(
    environment: str, released: Sequence[ReleasedStack], deployed: Sequence[Mapping[str, Any] | None]
) -> Difference:
    """Compare the environment's cost with the release to its cost as deployed.

    A resource without a price does not stop the review: the difference names it, and neither side counts it.
    """
    before = [_stack(stack, template) for stack, template in zip(released, deployed, strict=True) if template]
    after = [_stack(stack, stack.template) for stack in released]
    assumptions = Assumptions(by_environment={})
    return difference(
        estimate([Environment(name=environment, stacks=tuple(before))], assumptions),
        estimate([Environment(name=environment, stacks=tuple(after))], assumptions),
    )


def cost_phrase(cost: Difference) -> str:
    """Return the difference for the approver: `monthly cost +$12.30, from $370.91 to $383.21`."""
    uncounted = f", {len(cost.unpriced)} not counted" if cost.unpriced else ""
    return f"monthly cost {signed(cost.monthly)}, from ${dollars(cost.before)} to ${dollars(cost.after)}{uncounted}"


def cost_lines(cost: Difference) -> Iterator[str]:
    """Yield the changed charges, largest first, and resources without a price."""
    for change in cost.changes[:MAX_CHANGES]:
        yield f"{signed(change.monthly):>12}  {change.stack}: {change.resource}, {change.what}"
    if len(cost.changes) > MAX_CHANGES:
        rest = cost.monthly - sum(change.monthly for change in cost.changes[:MAX_CHANGES])
        yield f"{signed(rest):>12}  {len(cost.changes) - MAX_CHANGES} more"
    for message in cost.unpriced:
        yield f" not counted  {message}"


def _stack(stack: ReleasedStack, template: Mapping[str, Any]) -> Stack:
    return Stack(name=stack.name, region=stack.region, template=template)
