"""Formats amounts, quantities and aligned text tables."""

from collections.abc import Sequence
from decimal import Decimal

CENT = Decimal("0.01")


def dollars(amount: Decimal) -> str:
    """Return an amount with cents: `1,234.50`."""
    return f"{amount.quantize(CENT):,}"


def signed(amount: Decimal) -> str:
    """Return a change with its sign: `+$1.20`, `-$3.00`, `±$0.00`."""
    rounded = amount.quantize(CENT)
    sign = "+" if rounded > 0 else "-" if rounded < 0 else "±"
    return f"{sign}${abs(rounded):,}"


def figure(value: Decimal) -> str:
    """Return a quantity without trailing zeros: `730`, `0.219`."""
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def aligned(rows: Sequence[Sequence[str]], *, numbers: Sequence[int]) -> list[str]:
    """Return a line for each row; the columns in `numbers` are right-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
