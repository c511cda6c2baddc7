"""Metrics of ECS."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source


class TaskMetrics:
    """How many tasks run, and what they use."""

    def __init__(self, names: ObservedNames) -> None:
        dimensions = {"ClusterName": names.cluster, "ServiceName": names.service}
        self._service = Source(namespace="AWS/ECS", dimensions=dimensions)
        self._insights = Source(namespace="ECS/ContainerInsights", dimensions=dimensions)

    def processor(self) -> cloudwatch.Metric:
        """Return the percentage of the tasks' processors in use."""
        return self._service.metric("CPUUtilization", "Average", "tasks: processor")

    def memory(self) -> cloudwatch.Metric:
        """Return the percentage of the tasks' memory in use."""
        return self._service.metric("MemoryUtilization", "Average", "tasks: memory")

    def running(self) -> cloudwatch.Metric:
        """Return how many tasks run."""
        return self._insights.metric("RunningTaskCount", "Average", "running")

    def reports(self) -> cloudwatch.Metric:
        """Return how often a minute tasks reported at all: where none runs, none does.

        The count of running tasks never tells: ECS reports that of services with running tasks only.
        """
        return self._service.metric("CPUUtilization", "SampleCount", "reports", period=MINUTE)

    def desired(self) -> cloudwatch.Metric:
        """Return how many tasks should run."""
        return self._insights.metric("DesiredTaskCount", "Average", "desired")

    def missing(self) -> cloudwatch.MathExpression:
        """Return how many tasks should run and do not."""
        return cloudwatch.MathExpression(
            expression="desired - running",
            using_metrics={"desired": self.desired(), "running": self.running()},
            label="missing",
        )
