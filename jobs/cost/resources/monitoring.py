"""Charges of logs, alarms, dashboards and audit services."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from jobs.cost.assembly import Resource, Stack
from jobs.cost.charges import Charge, as_number, number
from jobs.cost.usage import DAYS, Usage

INGESTED, VENDED = "logs.ingested.gb", "logs.vended.gb"
WRITERS = {
    "AWS::CloudTrail::Trail": ("trail_log_gb", INGESTED),
    "AWS::EC2::FlowLog": ("flow_log_gb", VENDED),
    "AWS::ECS::TaskDefinition": ("engine_log_gb", INGESTED),
    "AWS::ElastiCache::ReplicationGroup": ("cache_log_gb", VENDED),
}
"""Types that write to a log group: their assumption, and the price."""
DATABASE_LOGS = "/aws/rds/"
"""RDS writes to log groups by name."""
MINUTE = 60


def log_group(resource: Resource, stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge ingestion and storage of a log group."""
    assumption, price = _writer(resource, stack)
    gb: Decimal = getattr(usage, assumption)
    yield Charge(what="log ingestion", price=price, quantity=gb, assumptions=(assumption,))
    days = number(resource, "RetentionInDays") if "RetentionInDays" in resource.properties else None
    months = usage.kept_months if days is None else days / DAYS
    yield Charge(
        what="log storage",
        price="logs.stored.gb_month",
        quantity=gb * usage.log_compression * months,
        assumptions=(assumption, "log_compression"),
    )


def metric_filter(_resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge the metric that the filter extracts."""
    yield Charge(what="metric", price="metric.month", quantity=Decimal(1))


def alarm(resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge an alarm by the number of its metrics."""
    queries = resource.properties.get("Metrics")
    statistics = [query["MetricStat"] for query in queries or () if "MetricStat" in query]
    periods = [query.get("Period", MINUTE) for query in statistics] or [resource.properties.get("Period", MINUTE)]
    fast = min(as_number(resource, "Period", period) for period in periods) < MINUTE
    yield Charge(
        what="alarm, per metric",
        price="alarm.high_resolution_metric_month" if fast else "alarm.metric_month",
        quantity=Decimal(len(periods)),
    )


def composite_alarm(_resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge a composite alarm."""
    yield Charge(what="composite alarm", price="alarm.composite_month", quantity=Decimal(1))


def dashboard(_resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge a dashboard; the free tier of three per account is not subtracted."""
    yield Charge(what="dashboard", price="dashboard.month", quantity=Decimal(1))


def trail(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge data events, if logged; the first copy of management events is free."""
    basic: list[dict[str, Any]] = resource.properties.get("EventSelectors", [])
    advanced = resource.properties.get("AdvancedEventSelectors", [])
    if advanced or any(selector.get("DataResources") for selector in basic):
        yield Charge(
            what="data events",
            price="trail.data_events.thousand",
            quantity=usage.trail_thousand_data_events,
            assumptions=("trail_thousand_data_events",),
        )


def detector(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge GuardDuty by analyzed events."""
    yield Charge(
        what="analyzed events",
        price="guardduty.million_events",
        quantity=usage.guardduty_million_events,
        assumptions=("guardduty_million_events",),
    )


def recorder(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge AWS Config by recorded items."""
    yield Charge(what="recorded items", price="config.item", quantity=usage.config_items, assumptions=("config_items",))


def config_rule(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a rule of AWS Config by evaluations."""
    yield Charge(
        what="evaluations",
        price="config.evaluation",
        quantity=usage.config_evaluations,
        assumptions=("config_evaluations",),
    )


def _writer(resource: Resource, stack: Stack) -> tuple[str, str]:
    for found in stack.referring_to(resource.logical_id):
        if found.type in WRITERS:
            return WRITERS[found.type]
    name = resource.properties.get("LogGroupName")
    if isinstance(name, str) and name.startswith(DATABASE_LOGS):
        return "database_log_gb", INGESTED
    return "other_log_gb", INGESTED
