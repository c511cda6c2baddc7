"""Alarms and releases of each environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from pipeline.dashboard.sources import HOUR, SECONDS_PER, WEEK, DeliverySources, calculated, failure_rate
from pipeline.dashboard.widgets import COLUMNS, latest, log_table, number
from stacks.monitoring.metrics.source import Source

MOST_IN_A_ROW: Final = 4
ALARMS_HEIGHT: Final = 5
DAYS_OF_AGE: Final = 180
"""The greatest age that is shown. CloudWatch keeps hourly values for 455 days, but a graph of so many is slow."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentView:
    """What the dashboard shows of an environment in one region."""

    name: str
    account: str
    region: str
    alarm_names: Sequence[str]
    dashboard: str
    """Where its own dashboard is."""


def alarm_rows(scope: Construct, environments: Sequence[EnvironmentView]) -> list[list[cloudwatch.IWidget]]:
    """Return the alarms of every environment and region, also of other accounts."""
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
    sources: DeliverySources, environments: Sequence[str], *, log_group_name: str
) -> list[list[cloudwatch.IWidget]]:
    """Return what runs in each environment, its age, and the failure rate of changes."""
    ages: list[cloudwatch.IWidget] = []
    rates: list[cloudwatch.IWidget] = []
    for environment in environments:
        source, title = sources.environment(environment), environment.capitalize()
        ages.append(latest(f"{title}: age of what runs", [_age(source)], width=_width(environments), days=DAYS_OF_AGE))
        rates.append(
            number(
                f"{title}: changes",
                [failure_rate(source, label="% failed"), _releases(source)],
                width=_width(environments),
            )
        )
    running = log_table(
        "What runs where",
        [
            "fields Environment, stage, result, time, commit, title, run",
            "filter figure like /^running\\//",
            "sort time desc",
            # One line for each wave of regions: they may run different commits.
            "dedup Environment, stage",
        ],
        log_group_name=log_group_name,
        width=COLUMNS,
    )
    return [[running], *_in_rows(ages), *_in_rows(rates)]


def _age(source: Source) -> cloudwatch.MathExpression:
    # Computed by the dashboard, so that nothing has to publish it every hour. There is a value in the hour of a release
    # only, and none before the first: every term is of the filled series.
    filled = "FILL(released, REPEAT)"
    return calculated(
        f"(EPOCH({filled}) + PERIOD({filled}) - {filled}) / {SECONDS_PER['days']}",
        f"days since the last release or rollback, at most {DAYS_OF_AGE}",
        {"released": source.metric("ReleasedAt", "Maximum", "released", period=HOUR)},
        period=HOUR,
    )


def _releases(source: Source) -> cloudwatch.Metric:
    return source.metric("Releases", "Sum", "releases", period=WEEK)


def _width(environments: Sequence[object]) -> int:
    return COLUMNS // min(len(environments), MOST_IN_A_ROW)


def _in_rows(widgets: Sequence[cloudwatch.IWidget]) -> list[list[cloudwatch.IWidget]]:
    return [list(widgets[at : at + MOST_IN_A_ROW]) for at in range(0, len(widgets), MOST_IN_A_ROW)]
