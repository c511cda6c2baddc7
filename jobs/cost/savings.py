"""What one-year commitments would save, and the assumptions that an estimate depends on."""

from jobs.cost.estimate import NOTHING, Estimate, Saving
from jobs.cost.usage import MEANINGS


def savings(found: Estimate) -> list[tuple[str, str, Saving]]:
    """Return what commitments would save, by environment and commitment."""
    sums: dict[tuple[str, str], Saving] = {}
    for line in found.lines:
        one = line.saving
        if one and one.committed is not None:
            what = "Savings Plan for tasks" if one.price.startswith("savings_plan.") else f"reserved: {line.what}"
            so_far = sums.get((line.environment, what))
            sums[line.environment, what] = one if so_far is None else _together(so_far, one)
    return [(environment, what, saving) for (environment, what), saving in sums.items()]


def _together(one: Saving, other: Saving) -> Saving:
    committed = (one.committed or NOTHING) + (other.committed or NOTHING)
    return Saving(on_demand=one.on_demand + other.on_demand, committed=committed, price=one.price)


def used(found: Estimate) -> tuple[str, ...]:
    """Return the names of the assumptions that the estimate depends on, in the order of their definition."""
    names = {name for line in found.lines for name in line.assumptions}
    return tuple(name for name in MEANINGS if name in names)
