"""Prices of one region, read from its dated TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from jobs.cost import CostError

FOLDER = Path(__file__).with_name("prices")
EVERY_REGION = "every-region"
"""The file of prices that are the same in every region."""
COMPLETE_REGION = "us-east-1"
"""The region whose file has a row for everything that an estimate may need."""
SAVINGS_PLANS = "ComputeSavingsPlans"
"""The only source that is not in AWS Price List."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one unit costs on demand."""

    key: str
    usd: Decimal
    unit: str
    source: str
    """Service code and usage type, as in AWS Price List and on the bill."""


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """All known prices of a region."""

    region: str
    dated: date | None
    """When the prices were recorded; None if only those of every region are known."""
    checked: date | None
    """When they were last read from AWS; None if never."""
    prices: Mapping[str, Price] = field(repr=False)

    def get(self, key: str) -> Price | None:
        """Return a price; None if none is known."""
        return self.prices.get(key)

    @property
    def recorded(self) -> str:
        """Say how old the prices are: `recorded on 2026-11-25, not verified since`."""
        if self.checked:
            return f"read from AWS on {self.checked}"
        return f"recorded on {self.dated}, not verified since" if self.dated else "not recorded"


@cache
def read_prices(region: str, folder: Path = FOLDER) -> PriceList:
    """Return what is known of a region's prices; raises CostError if its file is invalid."""
    everywhere = _read(folder / f"{EVERY_REGION}.toml")
    own = _read(folder / f"{region}.toml")
    return PriceList(
        region=region,
        dated=own.dated if own else None,
        checked=own.checked if own else None,
        prices={**(everywhere.prices if everywhere else {}), **(own.prices if own else {})},
    )


def _read(file: Path) -> PriceList | None:
    """Return the prices in a file; None if there is no such file."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        return PriceList(
            region=table["region"],
            dated=table["dated"],
            checked=table.get("checked"),
            prices={key: _price(key, row) for key, row in table["prices"].items()},
        )
    except FileNotFoundError:
        return None
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CostError(f"{file} cannot be read: {error!r}") from None


def _price(key: str, row: Mapping[str, object]) -> Price:
    usd = row["usd"]
    if isinstance(usd, bool) or not isinstance(usd, (Decimal, int)) or usd < 0:
        raise ValueError(f'"{key}": usd must be a number of dollars')
    return Price(key=key, usd=Decimal(usd), unit=str(row["unit"]), source=str(row["source"]))
