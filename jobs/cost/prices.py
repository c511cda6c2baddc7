"""Prices of one region, read from its dated TOML file."""

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
    dated: date
    """When the prices were recorded."""
    checked: date | None
    """When they were last verified against AWS; None if never."""
    prices: Mapping[str, Price] = field(repr=False)
    file: Path

    def __getitem__(self, key: str) -> Price:
        """Return a price; raises CostError when the file lacks it."""
        if key not in self.prices:
            raise CostError(f'{self.file} has no price for "{key}": look it up in AWS Price List and add a row')
        return self.prices[key]

    def get(self, key: str) -> Price | None:
        """Return a price, or None when the file lacks it."""
        return self.prices.get(key)

    def queries(self) -> Iterator[str]:
        """Yield for each row an AWS CLI command that shows today's price; it runs with credentials of any account."""
        for price in self.prices.values():
            service, usage_type, *rest = price.source.split(" ")
            attributes = [part for part in rest if "=" in part]
            term = " ".join(part for part in rest if "=" not in part)
            if service == SAVINGS_PLANS:
                command = (
                    "aws savingsplans describe-savings-plans-offering-rates --savings-plan-types Compute "
                    f"--service-codes AmazonECS --usage-types {usage_type}"
                )
            else:
                pairs = [f"regionCode={self.region}", f"usagetype={usage_type}", *attributes]
                filters = " ".join(f"Type=TERM_MATCH,Field={pair.replace('=', ',Value=', 1)}" for pair in pairs)
                command = f"aws pricing get-products --region us-east-1 --service-code {service} --filters {filters}"
            yield f"{command}  # {price.key}: {price.usd} {term}".rstrip()


@cache
def read_prices(region: str, folder: Path = FOLDER) -> PriceList:
    """Return the region's prices; raises CostError if the region has no file or the file is invalid."""
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
            "date, and replace the prices; then make cost ARGS='--price-queries "
            f"{region}' prints the AWS CLI commands that look them up"
        ) from None
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CostError(f"{file} cannot be read: {error!r}") from None


def _price(key: str, row: Mapping[str, object]) -> Price:
    usd = row["usd"]
    if not isinstance(usd, (Decimal, int)) or usd < 0:
        raise ValueError(f'"{key}": usd must be a number of dollars')
    return Price(key=key, usd=Decimal(usd), unit=str(row["unit"]), source=str(row["source"]))
