"""Prices of one region, read from its dated file."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from jobs.cost.errors import CostError

FOLDER = Path(__file__).with_name("prices")
SAVINGS_PLANS = "ComputeSavingsPlans"
"""The one source that AWS Price List has no products of."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one unit costs on demand."""

    key: str
    usd: Decimal
    unit: str
    source: str
    """Service code and usage type, as AWS Price List and the bill have them."""


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """All prices known of a region."""

    region: str
    dated: date
    """When the figures were written down."""
    checked: date | None
    """When somebody last compared them with AWS's; None: nobody has."""
    prices: Mapping[str, Price] = field(repr=False)
    file: Path

    def __getitem__(self, key: str) -> Price:
        """Return a price; raises CostError when the file lacks it."""
        if key not in self.prices:
            raise CostError(f'{self.file} has no price for "{key}": add a row (AWS Price List has the figure)')
        return self.prices[key]

    def get(self, key: str) -> Price | None:
        """Return a price, or None when the file lacks it."""
        return self.prices.get(key)

    def queries(self) -> Iterator[str]:
        """Yield a command for each row that shows what AWS charges today; it needs credentials of any account."""
        for price in self.prices.values():
            service, usage_type, *rest = price.source.split(" ")
            told_apart = [part for part in rest if "=" in part]
            term = " ".join(part for part in rest if "=" not in part)
            if service == SAVINGS_PLANS:
                command = (
                    "aws savingsplans describe-savings-plans-offering-rates --savings-plan-types Compute "
                    f"--service-codes AmazonECS --usage-types {usage_type}"
                )
            else:
                pairs = [f"regionCode={self.region}", f"usagetype={usage_type}", *told_apart]
                filters = " ".join(f"Type=TERM_MATCH,Field={pair.replace('=', ',Value=', 1)}" for pair in pairs)
                command = f"aws pricing get-products --region us-east-1 --service-code {service} --filters {filters}"
            yield f"{command}  # {price.key}: {price.usd} {term}".rstrip()


@cache
def read_prices(region: str, folder: Path = FOLDER) -> PriceList:
    """Return the region's prices; raises CostError when there is no file for it, or the file is wrong."""
    file = folder / f"{region}.toml"
    try:
        table = tomllib.loads(file.read_text(), parse_float=Decimal)
        return PriceList(
            region=table["region"],
            dated=table["dated"],
            checked=table.get("checked"),
            prices={key: _price(key, row) for key, row in table["prices"].items()},
            file=file,
        )
    except FileNotFoundError:
        known = ", ".join(sorted(found.stem for found in folder.glob("*.toml"))) or "none"
        raise CostError(
            f"no prices for {region} (known: {known}): copy {folder / 'us-east-1.toml'} to {file}, set its region and "
            "date, and put that region's prices in; python -m jobs.cost --price-queries "
            f"{region} prints what to ask AWS once it exists"
        ) from None
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CostError(f"{file} cannot be read: {error!r}") from None


def _price(key: str, row: Mapping[str, object]) -> Price:
    usd = row["usd"]
    if not isinstance(usd, (Decimal, int)) or usd < 0:
        raise ValueError(f'"{key}": usd must be a number of dollars')
    return Price(key=key, usd=Decimal(usd), unit=str(row["unit"]), source=str(row["source"]))
