"""Duration and cost of builds, from CodeBuild's metrics, and unprocessed events."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from pipeline.build_projects import DOLLARS_PER_MINUTE
from pipeline.dashboard.sources import DAY, SECONDS_PER, calculated
from pipeline.dashboard.widgets import COLUMNS, graph
from stacks.monitoring.metrics.source import Source

QUARTER: Final = COLUMNS // 4
BUILDS: Final = "b"
IDS: Final = {"Duration": "d", "Builds": BUILDS, "QueuedDuration": "queued", "FailedBuilds": "failed"}
"""The first part of metrics' ids in expressions, which may be 2,048 characters long."""


def build_rows(projects: Sequence[str], *, dead_letters: sqs.Queue) -> list[list[cloudwatch.IWidget]]:
    """Return minutes, cost, queue time and failures of the projects' builds, and unprocessed events."""
    return [
        [
            graph("Build minutes per day", [_minutes(projects)], width=QUARTER, unit="minutes"),
            graph("Maximum build cost", [_cost(projects)], width=QUARTER, unit="US dollars per day"),
            graph("Build queue time", [_queue(projects)], width=QUARTER, unit="seconds"),
            graph(
                "Failed builds and unprocessed events",
                [
                    _of_all(projects, "FailedBuilds", "SUM", "Sum", "failed builds"),
                    dead_letters.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", label="events in the dead-letter queue", period=DAY
                    ),
                ],
                width=QUARTER,
                unit="builds, events",
            ),
        ]
    ]


def _minutes(projects: Sequence[str]) -> cloudwatch.MathExpression:
    seconds, metrics = _seconds(projects)
    return calculated(f"({seconds}) / {SECONDS_PER['minutes']}", "minutes", metrics, period=DAY)


def _cost(projects: Sequence[str]) -> cloudwatch.MathExpression:
    """Return the maximum cost: CodeBuild bills started minutes."""
    seconds, metrics = _seconds(projects)
    builds = ", ".join(name for name in metrics if name.startswith(BUILDS))
    minutes = f"({seconds}) / {SECONDS_PER['minutes']} + SUM([{builds}])"
    return calculated(f"({minutes}) * {DOLLARS_PER_MINUTE}", "dollars", metrics, period=DAY)


def _seconds(projects: Sequence[str]) -> tuple[str, dict[str, cloudwatch.Metric]]:
    """Return the expression of the seconds that builds took, and its metrics.

    CodeBuild documents Average, Maximum and Minimum for a duration, and Sum for the number of builds.
    """
    durations, builds = _metrics(projects, "Duration", "Average"), _metrics(projects, "Builds", "Sum")
    pairs = zip(durations, builds, strict=True)
    products = (f"FILL({duration}, 0) * FILL({count}, 0)" for duration, count in pairs)
    return " + ".join(products), {**durations, **builds}


def _queue(projects: Sequence[str]) -> cloudwatch.MathExpression:
    return _of_all(projects, "QueuedDuration", "MAX", "Maximum", "longest")


def _of_all(
    projects: Sequence[str], metric: str, function: str, statistic: str, label: str
) -> cloudwatch.MathExpression:
    metrics = _metrics(projects, metric, statistic)
    return calculated(f"{function}([{', '.join(metrics)}])", label, metrics, period=DAY)


def _metrics(projects: Sequence[str], metric: str, statistic: str) -> dict[str, cloudwatch.Metric]:
    return {
        f"{IDS[metric]}{at}": Source(namespace="AWS/CodeBuild", dimensions={"ProjectName": project}).metric(
            metric, statistic, metric, period=DAY
        )
        for at, project in enumerate(projects)
    }
