"""The table `[environments.NAME.distribution]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.types.costs import Costs
from settings.validation.constraints import Between

YEAR = 31_536_000
"""Seconds; what CloudFront calls the longest time to live by default."""


class DistributionSettings(Section):
    """One environment's CloudFront distribution. The times are those of the reference, "Content Delivery"."""

    static_ttl_seconds: Annotated[int, Between(1, YEAR, "seconds"), Costs("the longer, the fewer requests to S3")] = (
        86_400
    )
    """How long `/static/*` and `/assets/*` stay in CloudFront's cache."""
    api_ttl_seconds: Annotated[int, Between(0, YEAR, "seconds")] = 300
    """How long answers of `/api/*` stay in the cache when they do not say so themselves."""
    api_max_ttl_seconds: Annotated[int, Between(1, YEAR, "seconds")] = 1_800
    """How long they stay at most, whatever they say. At least 1: a policy that caches nothing may not name headers,
    query strings or compression.
    """
    open_engine_api: bool = False
    """Whether `/yawl/*` is reachable from the internet; the engine has a well-known default login."""

    @rule
    def _default_within_maximum(self) -> Iterator[Mistake]:
        if self.api_ttl_seconds > self.api_max_ttl_seconds:
            yield Mistake(("api_ttl_seconds",), f"is above distribution.api_max_ttl_seconds {self.api_max_ttl_seconds}")
