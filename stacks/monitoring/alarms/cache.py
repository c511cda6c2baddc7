"""Alarms about the cache."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import TasksSettings
from stacks.monitoring.alarm_specs import AT_LEAST, BELOW, CACHE_POOL, AlarmSpec
from stacks.monitoring.metrics import CacheMetrics
from stacks.monitoring.severity import Severity
from stacks.shared import diagnosis
from stacks.shared.runbook import Runbook


def cache_alarms(cache: CacheMetrics, tasks: TasksSettings) -> Iterator[AlarmSpec]:
    """Yield the alarms on the metrics of ElastiCache."""
    yield _node_missing(cache)
    yield _cpu_high(cache)
    yield _memory_high(cache)
    yield _evictions(cache)
    yield _connections_high(cache, tasks)


def _node_missing(cache: CacheMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="cache-node-missing",
        severity=Severity.MEDIUM,
        metric=cache.reporting_nodes(),
        comparison=BELOW,
        threshold=cache.node_count,
        # Longer than a failover to a replica takes.
        periods=5,
        missing=cloudwatch.TreatMissingData.BREACHING,
        runbook=Runbook(
            meaning="A cache node reports no metrics. Check the replication group's events.",
            users="nothing with a second node; without one, slower pages, and sessions may be lost.",
            commands=(diagnosis.CACHE_STATE, diagnosis.CACHE_EVENTS, diagnosis.ENGINE_ERRORS),
            escalate="Today; at once if no node is left. ElastiCache replaces failed nodes itself: AWS Support, if the "
            "group is not `available` after 30 minutes.",
        ),
    )


def _cpu_high(cache: CacheMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="cache-cpu-high",
        severity=Severity.MEDIUM,
        metric=cache.cpu(),
        threshold=70,
        runbook=Runbook(
            meaning="The cache's CPU use is high. Check its slow log.",
            users="pages that load slowly.",
            commands=(
                diagnosis.of_cache("EngineCPUUtilization", "Maximum"),
                diagnosis.CACHE_SLOW_LOG,
                diagnosis.of_cache("CurrConnections", "Maximum"),
            ),
            escalate="Today, to whoever sizes the environment (`cache.node_type`); at once if `response-slow` joins "
            "it.",
        ),
    )


def _memory_high(cache: CacheMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="cache-memory-high",
        severity=Severity.MEDIUM,
        metric=cache.memory(),
        threshold=80,
        runbook=Runbook(
            meaning="The cache's memory is nearly full; it will evict keys. Check for keys without a time to live.",
            users="nothing yet; evicted sessions make users sign in again.",
            commands=(
                diagnosis.of_cache("DatabaseMemoryUsagePercentage", "Maximum"),
                diagnosis.of_cache("CurrItems", "Maximum"),
                diagnosis.of_cache("CurrVolatileItems", "Maximum"),
            ),
            escalate="Today. `CurrItems` without `CurrVolatileItems` are the keys without a time to live. If these "
            "grow, to whoever writes them; otherwise raise `cache.node_type`.",
        ),
    )


def _evictions(cache: CacheMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="cache-evictions",
        severity=Severity.LOW,
        metric=cache.evictions(),
        comparison=AT_LEAST,
        threshold=1,
        runbook=Runbook(
            meaning="The cache evicts keys because its memory is full. Check for keys without a time to live, "
            "or raise cache.node_type.",
            users="some must sign in again.",
            commands=(
                diagnosis.of_cache("Evictions", "Sum"),
                diagnosis.of_cache("DatabaseMemoryUsagePercentage", "Maximum"),
                diagnosis.of_cache("CurrVolatileItems", "Maximum"),
            ),
            escalate="This week, to whoever sizes the environment; today if users report lost sessions.",
        ),
    )


def _connections_high(cache: CacheMetrics, tasks: TasksSettings) -> AlarmSpec:
    return AlarmSpec(
        name="cache-connections-high",
        severity=Severity.LOW,
        metric=cache.connections(),
        # A deployment has the old and the new tasks at once.
        threshold=2 * tasks.max * CACHE_POOL,
        runbook=Runbook(
            meaning="More connections to the cache than all tasks' pools hold, possibly because of a leak.",
            users="nothing.",
            commands=(
                diagnosis.of_cache("CurrConnections", "Maximum"),
                diagnosis.of_cache("NewConnections", "Sum"),
                diagnosis.TASK_COUNTS,
            ),
            escalate="This week. If they grow without pause since a release, to whoever released it.",
        ),
    )
