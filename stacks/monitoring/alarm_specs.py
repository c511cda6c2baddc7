"""When an environment calls for help."""

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

IS_THE_FAULT: Final = cloudwatch.TreatMissingData.BREACHING
"""A thing that always reports and stops to is down."""
IS_QUIET: Final = cloudwatch.TreatMissingData.NOT_BREACHING
"""Nothing happened that could be measured, or another alarm watches whether the thing is there at all."""
CHANGES_NOTHING: Final = cloudwatch.TreatMissingData.IGNORE
"""The last that was measured stands until something else is."""

LATENCY_LIMIT_SECONDS: Final = 0.005
"""Reads and writes of the database at the 99th percentile (reference, Monitoring)."""
RESPONSE_LIMIT_SECONDS: Final = 2
ERROR_LIMIT_PERCENT: Final = 5
LEAST_REQUESTS: Final = 20
"""Requests a minute below which a rate says nothing: one failure in a quiet night wakes nobody."""
CONNECTION_SHARE: Final = 0.6
"""Of the connections a database's size promises; the smallest take about three quarters of them."""
CACHE_POOL: Final = 20
"""Connections of one task to the cache (reference, Cache Layer: 10 to 20)."""
STORAGE_RESERVE: Final = 0.1
"""Part of the first storage that should stay free; autoscaling adds storage before it comes to that."""


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """An alarm goes off when `metric` compares to `threshold` for `periods` periods on end."""

    name: str
    severity: Severity
    metric: cloudwatch.IMetric
    comparison: cloudwatch.ComparisonOperator
    threshold: float
    periods: int = 3
    """With periods of five minutes, what the reference waits: 15 minutes."""
    missing: cloudwatch.TreatMissingData
    needs_tasks: bool = False
    """Whether it would ring because tasks are meant to sleep."""
    meaning: str
    """What happened, and where to look first."""
    of_release: bool = True
    """Whether a release is judged by it: not, where it was wrong before and no release mends it."""


def alarm_rules(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmRule]:
    """Return the rules of an environment, the most severe first."""
    return [*_high(metrics, settings), *_medium(metrics, settings), *_low(metrics, settings)]


def _high(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmRule]:
    return [
        AlarmRule(
            name="no-healthy-target",
            severity=Severity.HIGH,
            metric=metrics.traffic.healthy_targets(),
            comparison=BELOW,
            threshold=1,
            # A load balancer that nobody asks, or that has no targets, may report nothing.
            missing=IS_QUIET,
            needs_tasks=True,
            meaning="No task passes its health check: nobody is served. Look at the engine's log, then the database.",
        ),
        AlarmRule(
            name="no-task-runs",
            severity=Severity.HIGH,
            metric=metrics.tasks.reports(),
            comparison=BELOW,
            threshold=1,
            # ECS reports a minute or two late.
            periods=5,
            missing=IS_THE_FAULT,
            needs_tasks=True,
            meaning="No task runs: nobody is served. Look at the service's events: why do tasks not start or not stay?",
        ),
        AlarmRule(
            name="error-rate",
            severity=Severity.HIGH,
            metric=metrics.traffic.error_rate(least_requests=LEAST_REQUESTS),
            comparison=ABOVE,
            threshold=ERROR_LIMIT_PERCENT,
            missing=IS_QUIET,
            needs_tasks=True,
            meaning=f"More than {ERROR_LIMIT_PERCENT} % of the requests fail. Look at the errors in the engine's log.",
        ),
        AlarmRule(
            name="database-unavailable",
            severity=Severity.HIGH,
            metric=metrics.database.reports(),
            comparison=BELOW,
            threshold=1,
            # Longer than a failover to the other zone takes.
            periods=5,
            missing=IS_THE_FAULT,
            meaning="The database reports nothing: it is down, stopped or lost. Look at its events in RDS.",
        ),
        AlarmRule(
            name="database-storage-low",
            severity=Severity.HIGH,
            metric=metrics.database.free_storage(),
            comparison=BELOW,
            threshold=settings.database.storage_gib * 1024**3 * STORAGE_RESERVE,
            missing=CHANGES_NOTHING,
            meaning="The database's disk fills and storage autoscaling has not helped: it stops when it is full. Raise "
            "database.max_storage_gib, or find what grows.",
        ),
    ]


def _medium(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmRule]:
    return [
        AlarmRule(
            name="unhealthy-target",
            severity=Severity.MEDIUM,
            metric=metrics.traffic.unhealthy_targets(),
            comparison=AT_LEAST,
            threshold=1,
            missing=IS_QUIET,
            needs_tasks=True,
            meaning="A task fails its health check and is not replaced, the others serve. Look at its log.",
        ),
        AlarmRule(
            name="tasks-missing",
            severity=Severity.MEDIUM,
            metric=metrics.tasks.missing(),
            comparison=AT_LEAST,
            threshold=1,
            missing=IS_QUIET,
            needs_tasks=True,
            meaning="Fewer tasks run than should: they do not start, or do not stay. Look at the service's events.",
        ),
        AlarmRule(
            name="tasks-processor-high",
            severity=Severity.MEDIUM,
            metric=metrics.tasks.processor(),
            comparison=ABOVE,
            threshold=80,
            missing=IS_QUIET,
            meaning="The tasks compute above what scaling aims at: it has reached tasks.max, or does not help the one "
            "active engine. Raise tasks.cpu.",
        ),
        AlarmRule(
            name="tasks-memory-high",
            severity=Severity.MEDIUM,
            metric=metrics.tasks.memory(),
            comparison=ABOVE,
            threshold=90,
            missing=IS_QUIET,
            meaning="The tasks' memory is nearly full; ECS kills what goes beyond. Raise tasks.memory with tasks.heap.",
        ),
        AlarmRule(
            name="response-slow",
            severity=Severity.MEDIUM,
            metric=metrics.traffic.busy_response_time(99, least_requests=5 * LEAST_REQUESTS),
            comparison=ABOVE,
            threshold=RESPONSE_LIMIT_SECONDS,
            missing=IS_QUIET,
            meaning=f"One request in a hundred takes more than {RESPONSE_LIMIT_SECONDS} s. Look at the processors of "
            "tasks and database, then at slow statements in the database's log.",
        ),
        AlarmRule(
            name="database-processor-high",
            severity=Severity.MEDIUM,
            metric=metrics.database.processor(),
            comparison=ABOVE,
            threshold=80,
            missing=IS_QUIET,
            meaning="The database's processor is busy. Look at the top statements in Performance Insights.",
        ),
        AlarmRule(
            name="database-connections-high",
            severity=Severity.MEDIUM,
            metric=metrics.database.connections(),
            comparison=ABOVE,
            threshold=int(connection_limit(settings.database.instance_class) * CONNECTION_SHARE),
            missing=IS_QUIET,
            meaning="Connections to the database grow towards its limit, as with a leak. Look at who holds them "
            "(pg_stat_activity).",
        ),
        AlarmRule(
            name="cache-node-missing",
            severity=Severity.MEDIUM,
            metric=metrics.cache.reporting_nodes(),
            comparison=BELOW,
            threshold=metrics.cache.node_count,
            # Longer than a failover to a replica takes.
            periods=5,
            missing=IS_THE_FAULT,
            meaning="A node of the cache reports nothing. Look at the replication group's events.",
        ),
        AlarmRule(
            name="cache-processor-high",
            severity=Severity.MEDIUM,
            metric=metrics.cache.processor(),
            comparison=ABOVE,
            threshold=70,
            missing=IS_QUIET,
            meaning="The cache's processor is busy. Look at its slow log.",
        ),
        AlarmRule(
            name="cache-memory-high",
            severity=Severity.MEDIUM,
            metric=metrics.cache.memory(),
            comparison=ABOVE,
            threshold=80,
            missing=IS_QUIET,
            meaning="The cache's memory fills; it will drop keys. Look at what has no time to live.",
        ),
    ]


def _low(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmRule]:
    milliseconds = round(LATENCY_LIMIT_SECONDS * 1000)
    return [
        AlarmRule(
            name="database-reads-slow",
            severity=Severity.LOW,
            metric=metrics.database.read_latency(),
            comparison=ABOVE,
            threshold=LATENCY_LIMIT_SECONDS,
            missing=IS_QUIET,
            meaning=f"Reads from the database's disk take more than {milliseconds} ms at the 99th percentile.",
        ),
        AlarmRule(
            name="database-writes-slow",
            severity=Severity.LOW,
            metric=metrics.database.write_latency(),
            comparison=ABOVE,
            threshold=LATENCY_LIMIT_SECONDS,
            missing=IS_QUIET,
            meaning=f"Writes to the database's disk take more than {milliseconds} ms at the 99th percentile.",
        ),
        AlarmRule(
            name="cache-evictions",
            severity=Severity.LOW,
            metric=metrics.cache.evictions(),
            comparison=AT_LEAST,
            threshold=1,
            missing=IS_QUIET,
            meaning="The cache drops keys to make room: it is too small for what is kept in it.",
        ),
        AlarmRule(
            name="cache-connections-high",
            severity=Severity.LOW,
            metric=metrics.cache.connections(),
            comparison=ABOVE,
            # A deployment has the old and the new tasks at once.
            threshold=2 * settings.tasks.max * CACHE_POOL,
            missing=IS_QUIET,
            meaning="More connections to the cache than all tasks' pools hold, as with a leak.",
        ),
    ]
