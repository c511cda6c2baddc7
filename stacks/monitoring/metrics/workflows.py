"""Metrics that the engine emits."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.source import Source

NAMESPACE: Final = "YAWLApp"


class WorkflowMetrics:
    """Workflows and the work that waits; the image emits these with the dimension `Environment`."""

    def __init__(self, environment_name: str) -> None:
        self._engine = Source(namespace=NAMESPACE, dimensions={"Environment": environment_name})

    def execution_time(self, statistic: str, label: str) -> cloudwatch.Metric:
        """Return how long the engine took for a workflow."""
        return self._engine.metric("WorkflowExecutionTime", statistic, label)

    def queue_depth(self) -> cloudwatch.Metric:
        """Return the work that waited for the engine, at most."""
        return self._engine.metric("QueueDepth", "Maximum", "waiting")
