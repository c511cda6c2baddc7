"""An estimate in full: every environment by stack and resource, assumptions and possible savings."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from jobs.cost.estimate import NOTHING, Estimate, Line, total
from jobs.cost.formatting import aligned, dollars, figure
from jobs.cost.savings import savings, used
from jobs.cost.usage import HOURS, HOURS_MEANING, MEANINGS, Assumptions


def details(found: Estimate, assumptions: Assumptions) -> str:
    """Return every environment by stack and resource, then assumptions, possible savings, and what has no price."""
    lines: list[str] = []
    for environment in found.environments:
        lines += [f"{environment}, USD per month", *_environment(found, environment), ""]
    lines += ["Assumptions for one environment and one month (change them with --assume NAME=NUMBER or --usage FILE)"]
    lines += [*_assumed(found, assumptions), ""]
    lines += ["Savings with a one-year commitment without upfront payment, USD per month", *_savings(found)]
    lines += ["", "No price, not counted"] if found.unpriced else []
    return "\n".join([*lines, *(f"  {one}" for one in found.unpriced)])


def _environment(found: Estimate, environment: str) -> list[str]:
    rows = [("", "", "", "fixed", "by usage")]
    for stack in found.stacks_of(environment):
        lines = found.of(environment, stack)
        rows.append((stack, "", "", *_split(lines)))
        rows += [(f"  {name}", what, calculation, *_split(alike)) for name, what, calculation, alike in _grouped(lines)]
    bound = "at least" if found.unpriced_of(environment) else ""
    rows.append((environment, "", bound, *_split(found.of(environment))))
    return [f"  {line}" for line in aligned(rows, numbers=(3, 4))]


def _grouped(lines: Iterable[Line]) -> Iterator[tuple[str, str, str, list[Line]]]:
    """Yield resource name, charge and calculation; lines that differ only in the resource, such as alarms, as one."""
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.type, line.what, line.price.key), []).append(line)
    for (type_name, what, _), alike in groups.items():
        name = alike[0].resource if len(alike) == 1 else f"{len(alike)} x {type_name.rpartition('::')[2]}"
        quantity = sum((line.quantity for line in alike), Decimal(0))
        price = alike[0].price
        discount = f" - {figure(100 * alike[0].discount)} %" if alike[0].discount else ""
        yield name, what, f"{figure(quantity)} {price.unit} x ${price.usd}{discount}", alike


def _split(lines: Iterable[Line]) -> tuple[str, str]:
    """Return the fixed and the usage-dependent amount; an empty string if there is no such line."""
    listed = list(lines)
    return _amount(line for line in listed if line.is_fixed), _amount(line for line in listed if not line.is_fixed)


def _amount(lines: Iterable[Line]) -> str:
    listed = list(lines)
    return dollars(total(listed)) if listed else ""


def _assumed(found: Estimate, assumptions: Assumptions) -> list[str]:
    rows = [("hours_per_month", figure(HOURS), HOURS_MEANING)]
    for name in used(found):
        values = list(dict.fromkeys(figure(getattr(assumptions.of(one), name)) for one in found.environments))
        rows.append((name, " / ".join(values), MEANINGS[name]))
    return [f"  {line}" for line in aligned(rows, numbers=(1,))]


def _savings(found: Estimate) -> list[str]:
    rows = [("", "", "on demand", "committed", "saved", "")]
    for environment, what, saving in savings(found):
        share = f"{100 * saving.monthly / saving.on_demand:.0f} %"
        on_demand, committed = dollars(saving.on_demand), dollars(saving.committed or NOTHING)
        saved = dollars(saving.monthly)
        rows.append((environment, what, on_demand, committed, saved, share))
    return [
        *(f"  {line}" for line in aligned(rows, numbers=(2, 3, 4, 5))),
        *(f"  not counted: no price is known for {key}; add it to jobs/cost/prices" for key in _unknown(found)),
    ]


def _unknown(found: Estimate) -> list[str]:
    """Return the committed prices that the price file lacks."""
    keys = (line.saving.price for line in found.lines if line.saving and line.saving.committed is None)
    return list(dict.fromkeys(keys))
