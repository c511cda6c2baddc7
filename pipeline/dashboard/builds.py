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
            ),
        ]
    ]


def _minutes(projects: Sequence[str]) -> cloudwatch.MathExpression:
    seconds = _metrics(projects, "Duration", "Sum")
    return calculated(f"SUM([{', '.join(seconds)}]) / {SECONDS_PER['minutes']}", "minutes", seconds, period=DAY)


def _cost(projects: Sequence[str]) -> cloudwatch.MathExpression:
    """Return the maximum cost: CodeBuild bills started minutes."""
    seconds, builds = _metrics(projects, "Duration", "Sum"), _metrics(projects, "Builds", "Sum")
    minutes = f"SUM([{', '.join(seconds)}]) / {SECONDS_PER['minutes']} + SUM([{', '.join(builds)}])"
    return calculated(f"({minutes}) * {DOLLARS_PER_MINUTE}", "dollars", {**seconds, **builds}, period=DAY)


def _queue(projects: Sequence[str]) -> cloudwatch.MathExpression:
    return _of_all(projects, "QueuedDuration", "MAX", "Maximum", "longest")


def _of_all(
    projects: Sequence[str], metric: str, function: str, statistic: str, label: str
) -> cloudwatch.MathExpression:
    metrics = _metrics(projects, metric, statistic)
    return calculated(f"{function}([{', '.join(metrics)}])", label, metrics, period=DAY)


def _metrics(projects: Sequence[str], metric: str, statistic: str) -> dict[str, cloudwatch.Metric]:
    return {
        f"{metric.lower()}{at}": Source(namespace="AWS/CodeBuild", dimensions={"ProjectName": project}).metric(
            metric, statistic, metric, period=DAY
        )
        for at, project in enumerate(projects)
    }
