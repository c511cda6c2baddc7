"""Finds a row's price in AWS Price List."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config

from jobs.cost.prices import COMPLETE_REGION, read_prices
from tools.prices.rows import REGION_PREFIX, Row

API_REGION: Final = "us-east-1"
"""One of the three regions that answer for all; it has nothing to do with the region asked for."""
CONFIG: Final = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 8})
"""AWS allows ten requests at once and five a second; botocore waits and repeats those that were too many."""
PLAUSIBLE: Final = Decimal(4)
"""A price this many times us-east-1's, or a fraction of it, is taken for another unit."""
_SCALES: Final = {"1,000 ": 1000, "million ": 1_000_000}
"""The price files' larger units, which Price List has by the piece."""


class NotFound(Exception):  # noqa: N818 - an answer of Price List, not a fault
    """Price List has no such price, or several; the text says which."""


class AwsPriceList:
    """Asks AWS Price List for prices of one region. Its methods raise botocore's errors."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._products: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Any]] = {}

    @cached_property
    def _client(self) -> Any:
        return boto3.client("pricing", region_name=API_REGION, config=CONFIG)

    def find(self, row: Row) -> tuple[Decimal, str]:
        """Return the price of the row's unit and the region's own usage type; raises NotFound."""
        products = self._matching(row)
        scale = next((scale for word, scale in _SCALES.items() if row.unit.startswith(word)), 1)
        prices = {price * scale for product in products for price in _prices(product, row.term)}
        if not prices:
            raise NotFound(f"AWS Price List has no {row.service} {row.usage_type} {row.term}".rstrip())
        if len(prices) > 1:
            different = ", ".join(f"${price.normalize():f}" for price in sorted(prices))
            raise NotFound(
                f"AWS Price List has {row.service} {row.usage_type} at {different}: add the attribute that tells them "
                f"apart to the row's source in {COMPLETE_REGION}.toml"
            )
        [price] = prices
        known = read_prices(COMPLETE_REGION).get(row.key)
        if known and known.usd and not 1 / PLAUSIBLE <= price / known.usd <= PLAUSIBLE:
            raise NotFound(
                f"AWS Price List has {row.service} {row.usage_type} at ${price.normalize():f}, which is not plausible "
                f"beside ${known.usd} in {COMPLETE_REGION}: another unit?"
            )
        return price, products[0]["product"]["attributes"]["usagetype"]

    def _matching(self, row: Row) -> list[Any]:
        """Return the region's products of a usage type."""
        key = row.service, row.usage_type, row.attributes
        if key not in self._products:
            filters = [
                {"Type": "TERM_MATCH", "Field": "regionCode", "Value": self._region},
                {"Type": "CONTAINS", "Field": "usagetype", "Value": row.usage_type},
                *({"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in row.attributes),
            ]
            pages = self._client.get_paginator("get_products").paginate(ServiceCode=row.service, Filters=filters)
            products = [json.loads(text, parse_float=Decimal) for page in pages for text in page["PriceList"]]
            self._products[key] = [product for product in products if _is_of(product, row.usage_type)]
        return self._products[key]


def _is_of(product: Any, usage_type: str) -> bool:
    """Return whether the product has the usage type, with or without a region's prefix."""
    found = product["product"]["attributes"].get("usagetype", "")
    return found == usage_type or REGION_PREFIX.sub("", found, count=1) == usage_type


def _prices(product: Any, term: str) -> Iterator[Decimal]:
    """Yield a product's price in dollars for each of its offers: the first step that is not free."""
    offers: Mapping[str, Any] = product.get("terms", {}).get("Reserved" if term else "OnDemand", {})
    for offer in offers.values():
        attributes = offer.get("termAttributes", {})
        length, payment = attributes.get("LeaseContractLength"), attributes.get("PurchaseOption")
        if term and (f"{length} {payment}" != term or attributes.get("OfferingClass") == "convertible"):
            continue
        steps = sorted(offer["priceDimensions"].values(), key=lambda step: Decimal(step.get("beginRange") or 0))
        prices = (Decimal(step["pricePerUnit"].get("USD", "0")) for step in steps)
        yield from [price for price in prices if price][:1]
