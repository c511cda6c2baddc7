"""The dashboard of one environment."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.monitoring.alarm_specs import ERROR_LIMIT_PERCENT, LATENCY_LIMIT_SECONDS, RESPONSE_LIMIT_SECONDS
from stacks.monitoring.environment_alarms import EnvironmentAlarms
from stacks.monitoring.metrics import EnvironmentMetrics, ObservedNames
from stacks.monitoring.severity import Severity
from stacks.shared.runbook import link

THIRD: Final = 8
"""A third of a dashboard's 24 columns."""
HEIGHT: Final = 6
CAPACITY: Final = cloudwatch.YAxisProps(min=0, max=100, label="%", show_units=False)
"""Of what can be full. Other percentages have axes that fit them."""
DEPLOYMENT: Final = cloudwatch.YAxisProps(min=0, max=1, show_units=False, label="release")
LIMIT_COLOR: Final = cloudwatch.Color.RED


class EnvironmentDashboard(cloudwatch.Dashboard):
    """In the order of an investigation: alarms, effects on users, capacity, errors in the log."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        metrics: EnvironmentMetrics,
        alarms: EnvironmentAlarms,
        log_group_name: str,
        runbooks: str,
        links: Mapping[str, str],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            dashboard_name=f"yawl-{environment_name}",
            default_interval=Duration.hours(3),
            # Otherwise CloudWatch chooses periods by the time shown, and "per minute" would be per hour.
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=[
                _alarm_states(alarms),
                [_guide(environment_name, runbooks, links)],
                _what_users_feel(metrics),
                _errors_and_queue(metrics),
                _capacity(metrics),
                _database(metrics),
                _cache(metrics),
                [_workflows(metrics), _errors(log_group_name)],
                _maintenance(metrics),
            ],
        )


def dashboard_address(name: str, *, region: str) -> str:
    """Return a dashboard's address in the console, for people signed in to its account."""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards/dashboard/{name}"


def console_links(*, region: str, names: ObservedNames, target_group_arn: str) -> dict[str, str]:
    """Return the addresses of console pages to check when an alarm fires, by title."""
    console = f"https://{region}.console.aws.amazon.com"
    service = f"{names.cluster}/services/{names.service}"
    return {
        "service and its events": f"{console}/ecs/v2/clusters/{service}/events?region={region}",
        "targets": f"{console}/ec2/home?region={region}#TargetGroup:targetGroupArn={target_group_arn}",
        "engine's log": f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{names.log_group}",
        "database": f"{console}/rds/home?region={region}#database:id={names.database};is-cluster=false",
        "cache": f"{console}/elasticache/home?region={region}#/redis/{names.cache}",
    }


def _alarm_states(alarms: EnvironmentAlarms) -> list[cloudwatch.IWidget]:
    return [
        cloudwatch.AlarmStatusWidget(
            title=f"{severity.capitalize()} alarms", alarms=of_severity, width=THIRD, height=HEIGHT
        )
        for severity, of_severity in alarms.by_severity.items()
    ]


def _guide(environment_name: str, runbooks: str, links: Mapping[str, str]) -> cloudwatch.IWidget:
    meanings = "\n".join(f"- **{severity.capitalize()}**: {severity.meaning}" for severity in Severity)
    ways = " · ".join(f"[{name}]({address})" for name, address in links.items())
    return cloudwatch.TextWidget(
        markdown=f"## YAWL {environment_name}\n\n{meanings}\n\nAn alarm in ALARM: {link(runbooks)} · {ways}",
        width=3 * THIRD,
        height=4,
    )


def _what_users_feel(metrics: EnvironmentMetrics) -> list[cloudwatch.IWidget]:
    traffic, deployments = metrics.traffic, metrics.tasks.deployments()
    return [
        _graph(
            "Response time",
            [traffic.response_time(50), traffic.response_time(99)],
            axis=_axis("seconds"),
            right=[deployments],
            right_axis=DEPLOYMENT,
            limit=_limit(RESPONSE_LIMIT_SECONDS, f"alarm: {RESPONSE_LIMIT_SECONDS} s"),
        ),
        _graph(
            "Error rate",
            [traffic.error_rate()],
            axis=_axis("% of requests"),
            right=[deployments],
            right_axis=DEPLOYMENT,
            limit=_limit(ERROR_LIMIT_PERCENT, f"alarm: {ERROR_LIMIT_PERCENT} %"),
        ),
        _graph("Requests", [traffic.requests()], axis=_axis("requests per minute")),
    ]


def _errors_and_queue(metrics: EnvironmentMetrics) -> list[cloudwatch.IWidget]:
    traffic = metrics.traffic
    return [
        _graph("Server errors (5xx)", [traffic.failed(), traffic.unanswered()], axis=_axis("responses per minute")),
        _graph("Client errors (4xx)", [traffic.refused()], axis=_axis("responses per minute")),
        _graph("Queued work items", [metrics.workflows.queue_depth()], axis=_axis("work items")),
    ]


def _capacity(metrics: EnvironmentMetrics) -> list[cloudwatch.IWidget]:
    return [
        _graph(
            "CPU and memory use",
            [
                metrics.tasks.cpu(),
                metrics.tasks.memory(),
                metrics.database.cpu(),
                metrics.cache.cpu(),
                metrics.cache.memory(),
            ],
            axis=CAPACITY,
        ),
        _graph(
            "Tasks",
            [metrics.tasks.running(), metrics.tasks.desired()],
            axis=_axis("tasks"),
            right=[metrics.tasks.deployments()],
            right_axis=DEPLOYMENT,
        ),
        _graph(
            "Targets", [metrics.traffic.healthy_targets(), metrics.traffic.unhealthy_targets()], axis=_axis("targets")
        ),
    ]


def _database(metrics: EnvironmentMetrics) -> list[cloudwatch.IWidget]:
    database = metrics.database
    milliseconds = round(LATENCY_LIMIT_SECONDS * 1000)
    return [
        _graph(
            "Database: latency",
            database.latencies_in_milliseconds(),
            axis=_axis("milliseconds"),
            limit=_limit(milliseconds, f"alarm: {milliseconds} ms"),
        ),
        _graph("Database: connections", [database.connections()], axis=_axis("connections")),
        _graph(
            "Database: free storage and memory",
            [database.free_storage_in_gib()],
            axis=_axis("GiB of storage"),
            right=[database.free_memory_in_gib()],
            right_axis=_axis("GiB of memory"),
        ),
    ]


def _cache(metrics: EnvironmentMetrics) -> list[cloudwatch.IWidget]:
    cache = metrics.cache
    return [
        _graph("Cache: CPU and memory", [cache.cpu(), cache.memory()], axis=CAPACITY),
        _graph("Cache: evictions", [cache.evictions()], axis=_axis("keys per 5 minutes")),
        _graph("Cache: connections", [cache.connections()], axis=_axis("connections")),
    ]


def _workflows(metrics: EnvironmentMetrics) -> cloudwatch.IWidget:
    workflows = metrics.workflows
    return _graph(
        "Workflow execution time",
        [workflows.execution_time("Average", "average"), workflows.execution_time("p99", "p99")],
        axis=_axis("seconds"),
    )


def _maintenance(metrics: EnvironmentMetrics) -> list[cloudwatch.IWidget]:
    maintenance = metrics.maintenance
    return [
        _daily("Drifted resources", maintenance.drifted_resources()),
        _daily("Hours since the last backup", maintenance.hours_since_backup()),
        _daily("Days since the last successful restore test", maintenance.days_since_restore_test()),
    ]


def _daily(title: str, metric: cloudwatch.IMetric) -> cloudwatch.IWidget:
    """Return the latest value of a daily metric, which a graph of some hours would not show."""
    return cloudwatch.SingleValueWidget(
        title=title, metrics=[metric], period=Duration.days(1), start="-P3D", width=THIRD, height=3
    )


def _errors(log_group_name: str) -> cloudwatch.IWidget:
    return cloudwatch.LogQueryWidget(
        title="Latest engine errors",
        log_group_names=[log_group_name],
        query_lines=[
            "fields @timestamp, @message, @logStream",
            "filter @message like /ERROR|FATAL/",
            "sort @timestamp desc",
            "limit 20",
        ],
        width=2 * THIRD,
        height=HEIGHT,
    )


def _limit(value: float, label: str) -> cloudwatch.HorizontalAnnotation:
    return cloudwatch.HorizontalAnnotation(value=value, label=label, color=LIMIT_COLOR)


def _axis(unit: str) -> cloudwatch.YAxisProps:
    return cloudwatch.YAxisProps(min=0, label=unit, show_units=False)


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    axis: cloudwatch.YAxisProps,
    right: Sequence[cloudwatch.IMetric] = (),
    right_axis: cloudwatch.YAxisProps | None = None,
    limit: cloudwatch.HorizontalAnnotation | None = None,
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        right=list(right),
        left_y_axis=axis,
        right_y_axis=right_axis,
        left_annotations=[] if limit is None else [limit],
        width=THIRD,
        height=HEIGHT,
    )
