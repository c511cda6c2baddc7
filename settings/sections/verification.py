"""The table `[environments.NAME.verification]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.constraints import between


class VerificationSettings(Section):
    """What the integration tests require of an environment after a deployment."""

    deadline_seconds: Annotated[int, between(1, 3600, "seconds"), Costs("build minutes while it waits")] = 600
    """How long the environment may take to become healthy after a deployment. The build may take 15 minutes longer."""
    consecutive_successes: Annotated[int, between(1, 100, "times")] = 5
    """Consecutive successful health checks that are required."""
    sample_requests: Annotated[int, between(1, 1000, "requests")] = 100
    """Number of measured requests. With fewer than 100, no request may exceed the p99 limit."""
    p99_limit_milliseconds: Annotated[int, between(1, 60_000, "milliseconds")] = 2000
    """Limit for the 99th percentile of response times: the threshold of the alarm response-slow."""
    error_limit_percent: Annotated[int, between(0, 100, "percent")] = 5
    """Share of measured requests that may fail: the threshold of the alarm error-rate."""
