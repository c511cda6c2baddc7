"""Estimates and differences as text for one screen, and as JSON."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import Any, Final

from jobs.cost.difference import Difference
from jobs.cost.estimate import NOTHING, Estimate, Line, total
from jobs.cost.formatting import aligned, dollars, signed
from jobs.cost.prices import PriceList
from jobs.cost.savings import savings
from jobs.cost.unpriced import Unpriced, missing
from jobs.cost.usage import MEANINGS, Assumptions

WIDTH: Final = 100
ENVIRONMENTS: Final = 7
"""How many environments have a line of their own; the others are one line."""
LARGEST: Final = 4
"""How many charges are shown."""
CHANGES: Final = 15
"""How many changed charges are shown."""


def as_text(found: Estimate) -> str:
    """Return the totals, the largest charges, what has no price, and how old the prices are: at most one screen."""
    lines = ["Estimated cost, USD per month", *_totals(found), "", "Largest charges", *_largest(found), ""]
    lines += _without_price(found.unpriced)
    saved = sum((saving.monthly for _, _, saving in savings(found)), start=NOTHING)
    lines.append(f"One-year commitments would save {dollars(saved)}. Resources, assumptions: make cost ARGS=--details")
    lines += _wrapped(f"Prices, on demand, without tax: {_recorded(found.price_lists)}.", 2)
    return "\n".join(lines)


def changes_as_text(found: Difference, *, before: str, all_changes: bool = False) -> str:
    """Return the total, and the changed charges, largest first: at most one screen unless `all_changes`."""
    rows = [(one.environment, one.stack, one.resource, one.what, signed(one.monthly)) for one in found.changes]
    rows += [(one.environment, one.stack, one.resource, one.what, "no price") for one in found.changed_unpriced]
    shown = rows if all_changes else [_fitted(row) for row in rows[:CHANGES]]
    lines = [*_wrapped(f"Monthly cost since {before}: {found.phrase}", 4), *aligned(shown, numbers=(4,))]
    if len(rows) > len(shown):
        lines.append(f"{len(rows) - len(shown)} more: make cost FROM={before} ARGS=--details")
    return "\n".join(lines)


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
            "unpriced": [_unpriced(one) for one in found.unpriced],
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
            "unpriced": [_unpriced(one) for one in found.unpriced],
        }
    )


def _totals(found: Estimate) -> list[str]:
    names = found.environments
    shown = names if len(names) <= ENVIRONMENTS else names[: ENVIRONMENTS - 1]
    groups = [(name, [name]) for name in shown]
    if len(shown) < len(names):
        groups.append((f"{len(names) - len(shown)} more", list(names[len(shown) :])))
    rows = [("", "fixed", "by usage", "", "total")]
    rows += [(label, *_sums(found, members)) for label, members in [*groups, ("all", list(names))]]
    return [f"  {line}" for line in aligned(rows, numbers=(1, 2, 3, 4))]


def _sums(found: Estimate, environments: Sequence[str]) -> tuple[str, str, str, str]:
    lines = [line for line in found.lines if line.environment in environments]
    fixed = total(line for line in lines if line.is_fixed)
    everything = total(lines)
    bound = "at least" if any(one.environment in environments for one in found.unpriced) else ""
    return dollars(fixed), dollars(everything - fixed), bound, dollars(everything)


def _largest(found: Estimate) -> list[str]:
    largest = sorted(found.lines, key=lambda line: -line.monthly)[:LARGEST]
    rows = [(line.environment, line.what, line.resource, dollars(line.monthly)) for line in largest]
    return [f"  {line}" for line in aligned([_fitted(row) for row in rows], numbers=(3,))]


def _fitted(row: Sequence[str]) -> tuple[str, ...]:
    """Shorten cells, so that a line of them fits the screen."""
    room = (WIDTH - 16) // (len(row) - 1) - 2
    return tuple(cell if len(cell) <= room else cell[: room - 1] + "…" for cell in row)


def _without_price(unpriced: Sequence[Unpriced]) -> list[str]:
    """Return what the sums lack and how to complete them; nothing if everything has a price."""
    if not unpriced:
        return []
    lines = _wrapped(f"Not counted: {missing(unpriced)}.", 3)
    regions = dict.fromkeys(one.region for one in unpriced if one.price)
    return [*lines, *(f"Read prices from AWS: make prices REGION={region}" for region in list(regions)[:1])]


def _recorded(price_lists: Iterable[PriceList]) -> str:
    """Say how old the regions' prices are."""
    regions: dict[str, list[str]] = {}
    for prices in price_lists:
        regions.setdefault(prices.recorded, []).append(prices.region)
    return "; ".join(f"{', '.join(names)} {recorded}" for recorded, names in regions.items())


def _wrapped(text: str, most: int) -> list[str]:
    return wrap(text, WIDTH, max_lines=most, placeholder=" …", break_on_hyphens=False)


def _unpriced(one: Unpriced) -> dict[str, Any]:
    return vars(one)


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
