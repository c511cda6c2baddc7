"""The table `[environments.NAME.verification]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.constraints import Between


class VerificationSettings(Section):
    """What the integration tests expect of an environment after a deployment."""

    deadline_seconds: Annotated[int, Between(1, 3600, "seconds"), Costs("a build's minutes, while it waits")] = 600
    """How long the environment may take to become healthy after a deployment; CodeBuild ends a build after an hour."""
    consecutive_successes: Annotated[int, Between(1, 100, "times")] = 5
    """How often in a row the health path must answer."""
    sample_requests: Annotated[int, Between(1, 1000, "requests")] = 100
    """How many requests are measured; of fewer than 100 not even one may miss a limit of 1 percent."""
    p99_limit_milliseconds: Annotated[int, Between(1, 60_000, "milliseconds")] = 2000
    """What 99 percent of the measured requests may take: the figure of the alarm response-slow."""
    error_limit_percent: Annotated[int, Between(0, 100, "percent")] = 5
    """How many of the measured requests may fail: the figure of the alarm error-rate."""
