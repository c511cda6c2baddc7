"""Alarms and releases of each environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from pipeline.dashboard.sources import HOUR, SECONDS_PER, WEEK, DeliverySources, calculated
from pipeline.dashboard.widgets import COLUMNS, latest, number
from stacks.monitoring.metrics.source import Source

MOST_IN_A_ROW: Final = 4
ALARMS_HEIGHT: Final = 5
RELEASES_HEIGHT: Final = 5


@dataclass(frozen=True, kw_only=True)
class EnvironmentView:
    """What the dashboard shows of an environment."""

    name: str
    account: str
    region: str
    alarm_names: Sequence[str]
    dashboard: str
    """Where its own dashboard is."""


def alarm_rows(scope: Construct, environments: Sequence[EnvironmentView]) -> list[list[cloudwatch.IWidget]]:
    """Return the alarms of every environment, also of other accounts."""
    widgets: list[cloudwatch.IWidget] = []
    for environment in environments:
        start = f"arn:aws:cloudwatch:{environment.region}:{environment.account}:alarm:"
        alarms = [
            cloudwatch.Alarm.from_alarm_arn(scope, f"Alarm-{name}", f"{start}{name}")
            for name in environment.alarm_names
        ]
        widgets.append(
            cloudwatch.AlarmStatusWidget(
                title=f"{environment.name.capitalize()}: alarms",
                alarms=alarms,
                width=_width(environments),
                height=ALARMS_HEIGHT,
            )
        )
    return _in_rows(widgets)


def environment_rows(
    sources: DeliverySources, environments: Sequence[EnvironmentView], *, log_group_name: str
) -> list[list[cloudwatch.IWidget]]:
    """Return each environment's last release, its age and the success rate of changes."""
    ages: list[cloudwatch.IWidget] = []
    rates: list[cloudwatch.IWidget] = []
    for environment in environments:
        source, title = sources.environment(environment.name), environment.name.capitalize()
        ages.append(latest(f"{title}: age of the last release", [_age(source)], width=_width(environments)))
        rates.append(
            number(f"{title}: success rate", [_success_rate(source), _releases(source)], width=_width(environments))
        )
    last = cloudwatch.LogQueryWidget(
        title="Last releases",
        log_group_names=[log_group_name],
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        query_lines=[
            "fields Environment, time, commit, title, execution",
            "filter figure like /^release\\//",
            "sort time desc",
            "dedup Environment",
        ],
        width=COLUMNS,
        height=RELEASES_HEIGHT,
    )
    return [[last], *_in_rows(ages), *_in_rows(rates)]


def _age(source: Source) -> cloudwatch.MathExpression:
    # Computed by the dashboard, so that nothing has to publish it every hour.
    return calculated(
        f"(EPOCH(released) + PERIOD(released) - FILL(released, REPEAT)) / {SECONDS_PER['days']}",
        "days",
        {"released": source.metric("ReleasedAt", "Maximum", "released", period=HOUR)},
        period=HOUR,
    )


def _success_rate(source: Source) -> cloudwatch.MathExpression:
    return calculated(
        "100 * (changes - FILL(failed, 0)) / changes",
        "% of changes",
        {
            "failed": source.metric("FailedChanges", "Sum", "failed", period=WEEK),
            "changes": source.metric("Changes", "Sum", "changes", period=WEEK),
        },
        period=WEEK,
    )


def _releases(source: Source) -> cloudwatch.Metric:
    return source.metric("Releases", "Sum", "releases", period=WEEK)


def _width(environments: Sequence[EnvironmentView]) -> int:
    return COLUMNS // min(len(environments), MOST_IN_A_ROW)


def _in_rows(widgets: Sequence[cloudwatch.IWidget]) -> list[list[cloudwatch.IWidget]]:
    return [list(widgets[at : at + MOST_IN_A_ROW]) for at in range(0, len(widgets), MOST_IN_A_ROW)]
