"""Delivery to the last environment: the four DORA metrics and the pipeline's own."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from pipeline.dashboard.sources import SECONDS_PER, WEEK, DeliverySources, calculated
from pipeline.dashboard.widgets import COLUMNS, band, graph, number
from stacks.monitoring.metrics.source import Source

QUARTER: Final = COLUMNS // 4
SECONDS_PER_WEEK: Final = 604_800
PERCENTILES: Final = (10, 50, 90)

# "Elite" in DORA's Accelerate State of DevOps Report 2023.
DAILY: Final = band(7, "elite: daily")
WITHIN_A_DAY: Final = band(24, "elite: within a day")
FIVE_PERCENT: Final = band(5, "elite: 5 %")
WITHIN_AN_HOUR: Final = band(1, "elite: within an hour")


def delivery_rows(sources: DeliverySources, environment: str) -> list[list[cloudwatch.IWidget]]:
    """Return an environment's four DORA metrics, their weekly course, and the pipeline's own figures."""
    source = sources.environment(environment)
    where = environment.capitalize()
    return [
        [
            number(f"{where}: deployment frequency", [_frequency(source)], width=QUARTER),
            number(f"{where}: lead time", [_time(source, "LeadTime", 50, "median hours")], width=QUARTER),
            number(f"{where}: change failure rate", [_failure_rate(source)], width=QUARTER),
            number(f"{where}: time to restore", [_time(source, "RestoreTime", 50, "median hours")], width=QUARTER),
        ],
        [
            graph("Deployments per week", [_frequency(source)], width=QUARTER, bands=[DAILY]),
            graph(
                "Lead time from commit to deployment",
                [_time(source, "LeadTime", percentile, f"p{percentile}") for percentile in PERCENTILES],
                width=QUARTER,
                unit="hours",
                bands=[WITHIN_A_DAY],
            ),
            graph("Change failure rate", [_failure_rate(source)], width=QUARTER, unit="%", bands=[FIVE_PERCENT]),
            graph(
                "Time to restore",
                [_time(source, "RestoreTime", percentile, f"p{percentile}") for percentile in PERCENTILES],
                width=QUARTER,
                unit="hours",
                bands=[WITHIN_AN_HOUR],
            ),
        ],
        [
            number(
                "Pipeline, from source to last stage",
                [
                    _time(sources.pipeline, "CycleTime", 0, "cycle time, mean hours"),
                    _between_failures(sources.pipeline),
                    _time(sources.pipeline, "RestoreTime", 0, "time to restore, mean hours"),
                    _time(sources.pipeline, "FeedbackTime", 0, "time to first failure, mean hours"),
                ],
                width=COLUMNS,
            )
        ],
    ]


def _frequency(source: Source) -> cloudwatch.MathExpression:
    return calculated(
        f"FILL(releases, 0) * {SECONDS_PER_WEEK} / PERIOD(releases)",
        "per week",
        {"releases": source.metric("Releases", "Sum", "releases", period=WEEK)},
        period=WEEK,
    )


def _failure_rate(source: Source) -> cloudwatch.MathExpression:
    return calculated(
        "100 * FILL(failed, 0) / changes",
        "% of changes",
        {
            "failed": source.metric("FailedChanges", "Sum", "failed", period=WEEK),
            "changes": source.metric("Changes", "Sum", "changes", period=WEEK),
        },
        period=WEEK,
    )


def _time(source: Source, metric: str, percentile: int, label: str) -> cloudwatch.MathExpression:
    """Return a time in hours, at a percentile; 0: the mean."""
    name = f"{metric[0].lower()}{metric[1:]}{percentile or ''}"
    statistic = f"p{percentile}" if percentile else "Average"
    seconds = source.metric(metric, statistic, label, period=WEEK)
    return calculated(f"{name} / {SECONDS_PER['hours']}", label, {name: seconds}, period=WEEK)


def _between_failures(source: Source) -> cloudwatch.MathExpression:
    return calculated(
        f"(PERIOD(failures) - FILL(repairs, 0)) / failures / {SECONDS_PER['hours']}",
        "time between failures, mean hours",
        {
            "failures": source.metric("Failures", "Sum", "failures", period=WEEK),
            "repairs": source.metric("RestoreTime", "Sum", "repairs", period=WEEK),
        },
        period=WEEK,
    )
