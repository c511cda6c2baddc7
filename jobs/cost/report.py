"""Estimates and differences as text and as JSON."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from jobs.cost.difference import Difference
from jobs.cost.estimate import NOTHING, Estimate, Line, Saving, total
from jobs.cost.formatting import aligned, dollars, figure, signed
from jobs.cost.prices import PriceList
from jobs.cost.usage import HOURS, HOURS_MEANING, MEANINGS, Assumptions


def as_text(found: Estimate, assumptions: Assumptions) -> str:
    """Return every environment by stack and resource, then totals, assumptions and possible savings."""
    lines: list[str] = []
    for environment in found.environments:
        lines += [f"{environment}, USD per month", *_environment(found, environment), ""]
    lines += ["Total, USD per month", *_totals(found), ""]
    lines += ["Assumptions for one environment and one month (change them with --assume NAME=NUMBER or --usage FILE)"]
    lines += [*_assumed(found, assumptions), ""]
    lines += ["Savings with a one-year commitment without upfront payment, USD per month", *_savings(found), ""]
    lines += [_prices(prices) for prices in found.price_lists]
    return "\n".join([*lines, *_unpriced(found.unpriced)])


def changes_as_text(found: Difference, *, before: str) -> str:
    """Return the changed charges, largest first, and the total."""
    rows = [
        (change.environment, change.stack, change.resource, change.what, signed(change.monthly))
        for change in found.changes
    ]
    lines = [*(f"  {line}" for line in aligned(rows, numbers=(4,))), *([""] if rows else [])]
    lines.append(
        f"{signed(found.monthly)} a month since {before}: from ${dollars(found.before)} to ${dollars(found.after)}"
    )
    return "\n".join([*lines, *_unpriced(found.unpriced)])


def as_json(found: Estimate, assumptions: Assumptions) -> str:
    """Return every line, the totals and the assumptions as JSON; amounts are USD per month."""
    return _json(
        {
            "monthly": found.monthly,
            "environments": {
                name: {
                    "monthly": total(found.of(name)),
                    "fixed": total(line for line in found.of(name) if line.is_fixed),
                    "by_usage": total(line for line in found.of(name) if not line.is_fixed),
                    "saved_by_commitment": sum(
                        (line.saving.monthly for line in found.of(name) if line.saving), Decimal(0)
                    ),
                    "assumptions": {one: getattr(assumptions.of(name), one) for one in MEANINGS},
                }
                for name in found.environments
            },
            "lines": [_line(line) for line in found.lines],
            "prices": [
                {"region": one.region, "dated": str(one.dated), "checked": str(one.checked) if one.checked else None}
                for one in found.price_lists
            ],
            "unpriced": found.unpriced,
        }
    )


def changes_as_json(found: Difference) -> str:
    """Return the changed charges as JSON; amounts are USD per month."""
    return _json(
        {
            "monthly": found.monthly,
            "before": found.before,
            "after": found.after,
            "changes": [{**vars(change), "monthly": change.monthly} for change in found.changes],
            "unpriced": found.unpriced,
        }
    )


def stacks_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return the names of the lines' stacks, without repetition."""
    return tuple(dict.fromkeys(line.stack for line in lines))


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


def _environment(found: Estimate, environment: str) -> list[str]:
    rows = [("", "", "", "fixed", "by usage")]
    for stack in stacks_of(found.of(environment)):
        lines = found.of(environment, stack)
        rows.append((stack, "", "", *_split(lines)))
        rows += [(f"  {name}", what, calculation, *_split(alike)) for name, what, calculation, alike in _grouped(lines)]
    rows.append((environment, "", "", *_split(found.of(environment))))
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


def _totals(found: Estimate) -> list[str]:
    rows = [
        ("", "fixed", "by usage", "total"),
        *((name, *_split(found.of(name)), dollars(total(found.of(name)))) for name in found.environments),
        ("all", *_split(found.lines), dollars(found.monthly)),
    ]
    return [f"  {line}" for line in aligned(rows, numbers=(1, 2, 3))]


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


def _prices(prices: PriceList) -> str:
    checked = f"verified on {prices.checked}" if prices.checked else "not verified since"
    return f"Prices of {prices.region}, recorded on {prices.dated}, {checked}: on demand, without tax and free tier."


def _unpriced(messages: Iterable[str]) -> list[str]:
    return [f"not counted: {message}" for message in messages]


def _line(line: Line) -> dict[str, Any]:
    return {
        "environment": line.environment,
        "stack": line.stack,
        "resource": line.resource,
        "type": line.type,
        "what": line.what,
        "quantity": line.quantity,
        "unit": line.price.unit,
        "usd": line.price.usd,
        "discount": line.discount,
        "source": line.price.source,
        "assumptions": line.assumptions,
        "monthly": line.monthly,
    }


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=lambda value: round(float(value), 6))
