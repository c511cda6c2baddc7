"""Metrics of the dashboard."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from pipeline.built_pipeline import BuiltStage
from stacks.monitoring.metrics.source import Source

NAMESPACE: Final = "YAWLDelivery"
"""The namespace in which `lambdas/delivery_metrics` publishes."""
HOUR: Final = Duration.hours(1)
DAY: Final = Duration.days(1)
WEEK: Final = Duration.days(7)
SECONDS_PER: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}


class DeliverySources:
    """Metrics of one pipeline and its parts."""

    def __init__(self, pipeline_name: str) -> None:
        self._pipeline = {"Pipeline": pipeline_name}
        self.pipeline = self._source({})
        self.codepipeline = Source(namespace="AWS/CodePipeline", dimensions={"PipelineName": pipeline_name})
        """CodePipeline's own metrics."""

    def environment(self, name: str) -> Source:
        """Return the metrics of an environment."""
        return self._source({"Environment": name})

    def phase(self, environment: str, phase: str) -> Source:
        """Return the metrics of a phase of an environment's lead time."""
        return self._source({"Environment": environment, "Phase": phase})

    def stage(self, stage: BuiltStage) -> Source:
        """Return the metrics of a stage."""
        return self._source({"Stage": stage.name})

    def action(self, stage: BuiltStage, action: str) -> Source:
        """Return the metrics of an action."""
        return self._source({"Stage": stage.name, "Action": action})

    def _source(self, dimensions: Mapping[str, str]) -> Source:
        return Source(namespace=NAMESPACE, dimensions={**self._pipeline, **dimensions})


def calculated(
    expression: str,
    label: str,
    metrics: Mapping[str, cloudwatch.IMetric],
    *,
    period: Duration,
    color: str | None = None,
) -> cloudwatch.MathExpression:
    """Return a math expression over `metrics`, which it refers to by these names."""
    return cloudwatch.MathExpression(
        expression=expression, label=label, using_metrics=metrics, period=period, color=color
    )


def failure_rate(source: Source, *, label: str = "% of changes") -> cloudwatch.MathExpression:
    """Return the share of an environment's changes that failed, in percent; none where there were no changes.

    Both are counted when the change was made, but they are published one after the other.
    """
    return calculated(
        "IF(changes > 0, 100 * IF(FILL(failed, 0) < changes, FILL(failed, 0), changes) / changes)",
        label,
        {
            "failed": source.metric("FailedChanges", "Sum", "failed", period=WEEK),
            "changes": source.metric("Changes", "Sum", "changes", period=WEEK),
        },
        period=WEEK,
    )
