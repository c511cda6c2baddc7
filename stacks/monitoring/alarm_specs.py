"""The alarms of an environment."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import EnvironmentSettings
from stacks.database.connection_limit import connection_limit
from stacks.monitoring.metrics import EnvironmentMetrics
from stacks.monitoring.severity import Severity

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
    meaning: str
    """What happened, and where to look first; it is mailed."""
    comparison: cloudwatch.ComparisonOperator = ABOVE
    periods: int = 3
    """With periods of five minutes, 15 minutes as in the reference."""
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING
    """By default, missing data means no traffic. BREACHING is for resources that always emit metrics."""
    needs_tasks: bool = False
    """Whether it would be in ALARM while tasks are stopped in off-hours."""
    of_release: bool = True
    """Whether the bake judges a release by it; not if no release can cause or fix the problem."""


def alarm_specs(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmSpec]:
    """Return the alarms of an environment, the most severe first."""
    return [*_high(metrics, settings), *_medium(metrics, settings), *_low(metrics, settings)]


def _high(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmSpec]:
    return [
        AlarmSpec(
            name="no-healthy-target",
            severity=Severity.HIGH,
            metric=metrics.traffic.healthy_targets(),
            comparison=BELOW,
            threshold=1,
            needs_tasks=True,
            meaning="No task passes its health check, so users get no service. Check the engine's log, then "
            "the database.",
        ),
        AlarmSpec(
            name="no-task-runs",
            severity=Severity.HIGH,
            metric=metrics.tasks.reports(),
            comparison=BELOW,
            threshold=1,
            # ECS reports a minute or two late.
            periods=5,
            missing=cloudwatch.TreatMissingData.BREACHING,
            needs_tasks=True,
            meaning="No task is running, so users get no service. Check the service's events for why tasks "
            "stop or fail to start.",
        ),
        AlarmSpec(
            name="error-rate",
            severity=Severity.HIGH,
            metric=metrics.traffic.error_rate(least_requests=LEAST_REQUESTS),
            threshold=ERROR_LIMIT_PERCENT,
            needs_tasks=True,
            meaning=f"More than {ERROR_LIMIT_PERCENT} % of the requests fail. Check the errors in the engine's log.",
        ),
        AlarmSpec(
            name="database-unavailable",
            severity=Severity.HIGH,
            metric=metrics.database.reports(),
            comparison=BELOW,
            threshold=1,
            # Longer than a failover to the other zone takes.
            periods=5,
            missing=cloudwatch.TreatMissingData.BREACHING,
            meaning="The database reports no metrics: it is down, stopped or deleted. Check its events in RDS.",
        ),
        AlarmSpec(
            name="database-storage-low",
            severity=Severity.HIGH,
            metric=metrics.database.free_storage(),
            comparison=BELOW,
            threshold=settings.database.storage_gib * 1024**3 * STORAGE_RESERVE,
            missing=cloudwatch.TreatMissingData.IGNORE,
            meaning="The database is running out of storage in spite of autoscaling; it stops when storage is full. "
            "Raise database.max_storage_gib, or find what grows.",
        ),
    ]


def _medium(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmSpec]:
    return [
        AlarmSpec(
            name="unhealthy-target",
            severity=Severity.MEDIUM,
            metric=metrics.traffic.unhealthy_targets(),
            comparison=AT_LEAST,
            threshold=1,
            needs_tasks=True,
            meaning="A task fails its health check and is not replaced; the others are serving. Check its log.",
        ),
        AlarmSpec(
            name="tasks-missing",
            severity=Severity.MEDIUM,
            metric=metrics.tasks.missing(),
            comparison=AT_LEAST,
            threshold=1,
            needs_tasks=True,
            meaning="Fewer tasks running than desired: tasks stop or fail to start. Check the service's events.",
        ),
        AlarmSpec(
            name="tasks-processor-high",
            severity=Severity.MEDIUM,
            metric=metrics.tasks.processor(),
            threshold=80,
            meaning="CPU use of the tasks is above the scaling target: scaling has reached tasks.max, or cannot help "
            "the one active engine. Raise tasks.cpu.",
        ),
        AlarmSpec(
            name="tasks-memory-high",
            severity=Severity.MEDIUM,
            metric=metrics.tasks.memory(),
            threshold=90,
            meaning="The tasks' memory is nearly full; ECS stops a task that exceeds it. Raise tasks.memory "
            "and tasks.heap.",
        ),
        AlarmSpec(
            name="response-slow",
            severity=Severity.MEDIUM,
            metric=metrics.traffic.busy_response_time(99, least_requests=5 * LEAST_REQUESTS),
            threshold=RESPONSE_LIMIT_SECONDS,
            meaning=f"One request in a hundred takes more than {RESPONSE_LIMIT_SECONDS} s. Check CPU use of "
            "tasks and database, then slow statements in the database's log.",
        ),
        AlarmSpec(
            name="database-processor-high",
            severity=Severity.MEDIUM,
            metric=metrics.database.processor(),
            threshold=80,
            meaning="The database's CPU use is high. Check the top statements in Performance Insights.",
        ),
        AlarmSpec(
            name="database-connections-high",
            severity=Severity.MEDIUM,
            metric=metrics.database.connections(),
            threshold=int(connection_limit(settings.database.instance_class) * CONNECTION_SHARE),
            meaning="Connections to the database approach its limit, possibly because of a leak. Check which clients "
            "hold them (pg_stat_activity).",
        ),
        AlarmSpec(
            name="cache-node-missing",
            severity=Severity.MEDIUM,
            metric=metrics.cache.reporting_nodes(),
            comparison=BELOW,
            threshold=metrics.cache.node_count,
            # Longer than a failover to a replica takes.
            periods=5,
            missing=cloudwatch.TreatMissingData.BREACHING,
            meaning="A cache node reports no metrics. Check the replication group's events.",
        ),
        AlarmSpec(
            name="cache-processor-high",
            severity=Severity.MEDIUM,
            metric=metrics.cache.processor(),
            threshold=70,
            meaning="The cache's CPU use is high. Check its slow log.",
        ),
        AlarmSpec(
            name="cache-memory-high",
            severity=Severity.MEDIUM,
            metric=metrics.cache.memory(),
            threshold=80,
            meaning="The cache's memory is nearly full; it will evict keys. Check for keys without a time to live.",
        ),
    ]


def _low(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmSpec]:
    milliseconds = round(LATENCY_LIMIT_SECONDS * 1000)
    return [
        AlarmSpec(
            name="database-reads-slow",
            severity=Severity.LOW,
            metric=metrics.database.read_latency(),
            threshold=LATENCY_LIMIT_SECONDS,
            meaning=f"Reads from the database's disk take more than {milliseconds} ms at the 99th percentile.",
        ),
        AlarmSpec(
            name="database-writes-slow",
            severity=Severity.LOW,
            metric=metrics.database.write_latency(),
            threshold=LATENCY_LIMIT_SECONDS,
            meaning=f"Writes to the database's disk take more than {milliseconds} ms at the 99th percentile.",
        ),
        AlarmSpec(
            name="cache-evictions",
            severity=Severity.LOW,
            metric=metrics.cache.evictions(),
            comparison=AT_LEAST,
            threshold=1,
            meaning="The cache evicts keys because its memory is full. Check for keys without a time to live, "
            "or raise cache.node_type.",
        ),
        AlarmSpec(
            name="cache-connections-high",
            severity=Severity.LOW,
            metric=metrics.cache.connections(),
            # A deployment has the old and the new tasks at once.
            threshold=2 * settings.tasks.max * CACHE_POOL,
            meaning="More connections to the cache than all tasks' pools hold, possibly because of a leak.",
        ),
    ]
