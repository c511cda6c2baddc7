"""Metrics that the engine emits."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.source import Source

NAMESPACE: Final = "YAWLApp"


class WorkflowMetrics:
    """Execution times and queued work items; the image emits these with the dimension `Environment`."""

    def __init__(self, environment_name: str) -> None:
        self._engine = Source(namespace=NAMESPACE, dimensions={"Environment": environment_name})

    def execution_time(self, statistic: str, label: str) -> cloudwatch.Metric:
        """Return the execution time of a workflow."""
        return self._engine.metric("WorkflowExecutionTime", statistic, label)

    def queue_depth(self) -> cloudwatch.Metric:
        """Return the maximum of queued work items."""
        return self._engine.metric("QueueDepth", "Maximum", "waiting")
