"""The change in monthly cost of a release, estimated by `jobs/cost/`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud_assembly import Stack as ReleasedStack
from jobs.cost.assembly import Environment, Stack
from jobs.cost.difference import Difference, difference
from jobs.cost.estimate import estimate
from jobs.cost.formatting import signed
from jobs.cost.unpriced import bounded, by_charge
from jobs.cost.usage import Assumptions

BASIS = "Estimated from the templates with the prices and assumptions of jobs/cost/: on demand, without tax."
LONGEST_NAME = 23
"""Characters of a charge's name in the approval's comment."""
LONGEST_PHRASE = 74
"""Characters of the phrase in the approval's comment, for sums of up to six digits."""
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
    """Return the difference for the approval's comment: `monthly cost +$12.30, from $370.91 to $383.21`.

    Without all prices: `monthly cost at least $31.32 without NAT gateway, 33 more`. The page names more of them.
    """
    if not cost.unpriced_after:
        return f"monthly cost {cost.phrase.partition(' (')[0]}"
    after = bounded(cost.after, cost.unpriced_after)
    charges = [what for what, _ in by_charge(cost.unpriced_after)]
    if not cost.changed_unpriced:
        return f"monthly cost {signed(cost.monthly)}, to {after}, {len(charges)} without a price"
    name = charges[0] if len(charges[0]) <= LONGEST_NAME else f"{charges[0][: LONGEST_NAME - 1]}…"
    return f"monthly cost {after} without {name}{f', {len(charges) - 1} more' if charges[1:] else ''}"


def cost_sentence(cost: Difference) -> str:
    """Return the difference for a page, with what the figures are based on."""
    return f"Monthly cost {cost.phrase}. {BASIS}"


def cost_lines(cost: Difference) -> Iterator[str]:
    """Yield the changed charges, largest first, then changed ones without a price."""
    lines = [f"{signed(one.monthly):>12}  {one.stack}: {one.resource}, {one.what}" for one in cost.changes]
    lines += [f"{'no price':>12}  {one}" for one in cost.changed_unpriced]
    yield from lines[:MAX_CHANGES]
    if len(lines) > MAX_CHANGES:
        yield f"{len(lines) - MAX_CHANGES} more"


def _stack(stack: ReleasedStack, template: Mapping[str, Any]) -> Stack:
    return Stack(name=stack.name, region=stack.region, template=template)
