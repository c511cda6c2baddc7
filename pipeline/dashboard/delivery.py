"""Delivery to the last environment: the four DORA metrics and the pipeline's own."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from pipeline.dashboard.sources import DAY, SECONDS_PER, WEEK, DeliverySources, calculated, failure_rate
from pipeline.dashboard.widgets import COLUMNS, band, graph, log_table, number
from stacks.monitoring.metrics.source import Source

QUARTER: Final = COLUMNS // 4
HALF: Final = COLUMNS // 2
SECONDS_PER_WEEK: Final = 604_800
PERCENTILES: Final = (10, 50, 90)

EVENTS: Final = (
    ("Releases", "releases", cloudwatch.Color.GREEN),
    ("FailedChanges", "failed changes", cloudwatch.Color.RED),
    ("Rollbacks", "rollbacks", cloudwatch.Color.ORANGE),
)
"""Metrics of an environment, with their labels and colours."""

# "Elite" in DORA's Accelerate State of DevOps Report 2023.
DAILY: Final = band(7, "elite: daily")
WITHIN_A_DAY: Final = band(24, "elite: within a day")
FIVE_PERCENT: Final = band(5, "elite: 5 %")
WITHIN_AN_HOUR: Final = band(1, "elite: within an hour")


def delivery_rows(
    sources: DeliverySources, environments: Sequence[str], *, log_group_name: str
) -> list[list[cloudwatch.IWidget]]:
    """Return the last environment's four DORA metrics, their weekly course, what is behind them, and the pipeline's."""
    environment = environments[-1]
    source = sources.environment(environment)
    where = environment.capitalize()
    return [
        _dora(source, where),
        _dora_by_week(source),
        _behind(sources, environments),
        _runs(environment, log_group_name=log_group_name),
        _pipeline(sources.pipeline),
    ]


def _dora(source: Source, where: str) -> list[cloudwatch.IWidget]:
    return [
        number(f"{where}: deployment frequency", [_frequency(source)], width=QUARTER),
        number(f"{where}: lead time", [_time(source, "LeadTime", 50, "median hours")], width=QUARTER),
        number(f"{where}: change failure rate", [failure_rate(source)], width=QUARTER),
        number(f"{where}: time to restore", [_time(source, "RestoreTime", 50, "median hours")], width=QUARTER),
    ]


def _dora_by_week(source: Source) -> list[cloudwatch.IWidget]:
    return [
        graph("Deployments per week", [_frequency(source)], width=QUARTER, unit="deployments per week", bands=[DAILY]),
        graph(
            "Lead time from commit to deployment",
            [_time(source, "LeadTime", percentile, f"p{percentile}") for percentile in PERCENTILES],
            width=QUARTER,
            unit="hours",
            bands=[WITHIN_A_DAY],
        ),
        graph("Change failure rate", [failure_rate(source)], width=QUARTER, unit="% of changes", bands=[FIVE_PERCENT]),
        graph(
            "Time to restore",
            [_time(source, "RestoreTime", percentile, f"p{percentile}") for percentile in PERCENTILES],
            width=QUARTER,
            unit="hours",
            bands=[WITHIN_AN_HOUR],
        ),
    ]


def _behind(sources: DeliverySources, environments: Sequence[str]) -> list[cloudwatch.IWidget]:
    environment = environments[-1]
    source, where = sources.environment(environment), environment.capitalize()
    return [
        graph(
            f"{where}: lead time by phase",
            [_phase(sources, environment, phase) for phase in _phases(environments)],
            width=HALF,
            unit="hours, mean",
            bars=True,
        ),
        graph(
            f"{where}: releases, failed changes and rollbacks",
            [_count(source, metric, label, color) for metric, label, color in EVENTS],
            width=HALF,
            unit="per day",
        ),
    ]


def _runs(environment: str, *, log_group_name: str) -> list[cloudwatch.IWidget]:
    """Return tables that lead from figures to the runs behind them."""
    where = environment.capitalize()
    return [
        log_table(
            f"{where}: failed changes and their runs",
            [
                "fields time, because, commit, title, run",
                f"filter figure = 'failed-change/{environment}'",
                "sort time desc",
                "limit 50",
            ],
            log_group_name=log_group_name,
            width=HALF,
        ),
        log_table(
            f"{where}: longest lead times and their runs",
            [
                f"fields LeadTime / {SECONDS_PER['hours']} as hours, time, commit, title, run",
                f"filter figure = 'lead-time/{environment}'",
                "sort LeadTime desc",
                "limit 50",
            ],
            log_group_name=log_group_name,
            width=HALF,
        ),
    ]


def _pipeline(source: Source) -> list[cloudwatch.IWidget]:
    metrics = [
        _time(source, "CycleTime", 0, "cycle time, mean hours"),
        _between_failures(source),
        _time(source, "RestoreTime", 0, "time to restore, mean hours"),
        _time(source, "FeedbackTime", 0, "time to first failure, mean hours"),
    ]
    return [number("Pipeline, from source to last stage", metrics, width=COLUMNS)]


def _frequency(source: Source) -> cloudwatch.MathExpression:
    return calculated(
        f"FILL(releases, 0) * {SECONDS_PER_WEEK} / PERIOD(releases)",
        "per week",
        {"releases": source.metric("Releases", "Sum", "releases", period=WEEK)},
        period=WEEK,
    )


def _phases(environments: Sequence[str]) -> list[str]:
    """Return the phases in their order, by the names that `lambdas/delivery_metrics/phases.py` gives them."""
    return ["Before the run", "Build", *(name.capitalize() for name in environments), "Approval"]


def _phase(sources: DeliverySources, environment: str, phase: str) -> cloudwatch.MathExpression:
    name = f"phase{phase.lower().replace(' ', '').replace('-', '')}"
    spent = sources.phase(environment, phase).metric("PhaseTime", "Average", phase, period=WEEK)
    return calculated(f"{name} / {SECONDS_PER['hours']}", phase, {name: spent}, period=WEEK)


def _count(source: Source, metric: str, label: str, color: str) -> cloudwatch.MathExpression:
    name = metric[0].lower() + metric[1:]
    counted = source.metric(metric, "Sum", label, period=DAY)
    return calculated(f"FILL({name}, 0)", label, {name: counted}, period=DAY, color=color)


def _time(source: Source, metric: str, percentile: int, label: str) -> cloudwatch.MathExpression:
    """Return a time in hours, at a percentile; 0: the mean."""
    name = f"{metric[0].lower()}{metric[1:]}{percentile or ''}"
    statistic = f"p{percentile}" if percentile else "Average"
    seconds = source.metric(metric, statistic, label, period=WEEK)
    return calculated(f"{name} / {SECONDS_PER['hours']}", label, {name: seconds}, period=WEEK)


def _between_failures(source: Source) -> cloudwatch.MathExpression:
    return calculated(
        # A repair may have begun long before the time shown.
        f"IF(failures > 0, IF(FILL(repairs, 0) < PERIOD(failures), PERIOD(failures) - FILL(repairs, 0), 0) / failures"
        f" / {SECONDS_PER['hours']})",
        "time between failures, mean hours",
        {
            "failures": source.metric("Failures", "Sum", "failures", period=WEEK),
            "repairs": source.metric("RestoreTime", "Sum", "repairs", period=WEEK),
        },
        period=WEEK,
    )
