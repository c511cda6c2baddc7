"""The table `[environments.NAME.distribution]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule
from settings.types.costs import Costs
from settings.validation.constraints import between
from settings.validation.messages import Mistake

YEAR = 31_536_000
"""Seconds; CloudFront's default maximum TTL."""


class DistributionSettings(Section):
    """One environment's CloudFront distribution. The TTLs are the reference's, "Content Delivery"."""

    static_ttl_seconds: Annotated[
        int, between(1, YEAR, "seconds"), Costs("a longer TTL means fewer requests to S3")
    ] = 86_400
    """How long `/static/*` and `/assets/*` stay in CloudFront's cache."""
    api_ttl_seconds: Annotated[int, between(0, YEAR, "seconds")] = 300
    """How long responses of `/api/*` without caching headers stay in the cache."""
    api_max_ttl_seconds: Annotated[int, between(1, YEAR, "seconds")] = 1_800
    """The maximum TTL of `/api/*`, even if a response asks for more. At least 1: a cache policy without caching cannot
    have headers, query strings or compression.
    """
    open_engine_api: bool = False
    """Whether `/yawl/*` is reachable from the internet. The engine has a well-known default login."""

    @rule
    def _default_within_maximum(self) -> Iterator[Mistake]:
        if self.api_ttl_seconds > self.api_max_ttl_seconds:
            yield Mistake(
                ("api_ttl_seconds",),
                f"is above distribution.api_max_ttl_seconds {self.api_max_ttl_seconds}; lower one, or raise the other",
            )
