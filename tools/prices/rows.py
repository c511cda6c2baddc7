"""What to ask AWS Price List for, by the rows of the price file that has them all."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jobs.cost.prices import COMPLETE_REGION, EVERY_REGION, SAVINGS_PLANS, Price, read_prices

REGION_PREFIX: Final = re.compile(r"(?:[A-Z]{3}\d|EU|US|[a-z]{2}(?:-[a-z]+)+-\d)-")
"""What usage types begin with outside us-east-1, and some within: `EUC1-`, `eu-central-1-`."""
_DATABASE: Final = re.compile(r"database\.(db\.[\w.]+)\.(hour|multi_az_hour)")
_CACHE: Final = re.compile(r"(cache\.\w+\.\w+)\.hour")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a price file, and where Price List has its price."""

    key: str
    unit: str
    service: str
    usage_type: str
    """Without the region's prefix."""
    attributes: tuple[tuple[str, str], ...] = ()
    """What tells products of one usage type apart."""
    term: str = ""
    """A commitment's length and payment, `1yr No Upfront`; empty on demand."""

    def source(self, usage_type: str) -> str:
        """Return the row's source with a region's own usage type."""
        attributes = (f"{name}={value}" for name, value in self.attributes)
        return " ".join([self.service, usage_type, *attributes, *([self.term] if self.term else [])])


def rows(needed: Iterable[str]) -> Iterator[Row]:
    """Yield the rows that Price List may have: us-east-1's, and instance classes and node types `needed` besides."""
    known = read_prices(COMPLETE_REGION).prices
    regional = (price for key, price in known.items() if not is_everywhere(key))
    yield from (row for price in regional if (row := _row(price)) is not None)
    yield from (row for key in dict.fromkeys(needed) if key not in known and (row := _of_class(key)) is not None)


def is_everywhere(key: str) -> bool:
    """Return whether a price is the same in every region, and in the file for all."""
    return key in read_prices(EVERY_REGION).prices


def _row(price: Price) -> Row | None:
    """Return what to ask for; None if the price is not in Price List, or depends on a second region."""
    service, usage_type, *rest = price.source.split(" ")
    usage_type = REGION_PREFIX.sub("", usage_type, count=1) if REGION_PREFIX.match(usage_type) else usage_type
    if service == SAVINGS_PLANS or REGION_PREFIX.match(usage_type):
        return None
    attributes = [part.split("=", 1) for part in rest if "=" in part]
    return Row(
        key=price.key,
        unit=price.unit,
        service=service,
        usage_type=usage_type,
        attributes=tuple((name, value) for name, value in attributes),
        term=" ".join(part for part in rest if "=" not in part),
    )


def _of_class(key: str) -> Row | None:
    """Return the row of an instance class or node type that us-east-1's file lacks."""
    if found := _DATABASE.fullmatch(key):
        kind = "InstanceUsage" if found[2] == "hour" else "Multi-AZUsage"
        # RDS's usage types say `xl` for `xlarge`.
        size = found[1].replace("xlarge", "xl")
        engine = (("databaseEngine", "PostgreSQL"),)
        return Row(key=key, unit="h", service="AmazonRDS", usage_type=f"{kind}:{size}", attributes=engine)
    if found := _CACHE.fullmatch(key):
        engine = (("cacheEngine", "Redis"),)
        usage_type = f"NodeUsage:{found[1]}"
        return Row(key=key, unit="h", service="AmazonElastiCache", usage_type=usage_type, attributes=engine)
    return None
