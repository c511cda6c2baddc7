"""What an alarm is, and the limits that alarms and dashboard share. The alarms themselves are in `alarms/`."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.severity import Severity
from stacks.shared.runbook import Runbook

AT_LEAST: Final = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
ABOVE: Final = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW: Final = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

LATENCY_LIMIT_SECONDS: Final = 0.005
"""Reads and writes of the database at the 99th percentile (reference, Monitoring)."""
RESPONSE_LIMIT_SECONDS: Final = 2
ERROR_LIMIT_PERCENT: Final = 5
LEAST_REQUESTS: Final = 20
"""Requests a minute below which a rate says nothing: a single failure in a quiet night is no emergency."""
CONNECTION_SHARE: Final = 0.6
"""Share of the connections that RDS documents for an instance class; the smallest accept about three quarters."""
CACHE_POOL: Final = 20
"""Connections of one task to the cache (reference, Cache Layer: 10 to 20)."""
STORAGE_RESERVE: Final = 0.1
"""Share of the initial storage that should stay free; storage autoscaling starts earlier."""


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """An alarm that fires when `metric` breaches `threshold` in `periods` consecutive periods."""

    name: str
    severity: Severity
    metric: cloudwatch.IMetric
    threshold: float
    runbook: Runbook
    comparison: cloudwatch.ComparisonOperator = ABOVE
    periods: int = 3
    """With periods of five minutes, 15 minutes as in the reference."""
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING
    """By default, missing data means no traffic. BREACHING is for resources that always emit metrics."""
    needs_tasks: bool = False
    """Whether it would be in ALARM while tasks are stopped in off-hours."""
    of_release: bool = True
    """Whether the bake judges a release by it; not if no release can cause or fix the problem."""
