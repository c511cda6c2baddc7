"""Metrics of ECS."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source


class TaskMetrics:
    """Number and resource use of the tasks."""

    def __init__(self, names: ObservedNames) -> None:
        dimensions = {"ClusterName": names.cluster, "ServiceName": names.service}
        self._service = Source(namespace="AWS/ECS", dimensions=dimensions)
        self._insights = Source(namespace="ECS/ContainerInsights", dimensions=dimensions)

    def cpu(self) -> cloudwatch.Metric:
        """Return the CPU use of the tasks in percent."""
        return self._service.metric("CPUUtilization", "Average", "tasks: CPU")

    def memory(self) -> cloudwatch.Metric:
        """Return the memory use of the tasks in percent."""
        return self._service.metric("MemoryUtilization", "Average", "tasks: memory")

    def running(self) -> cloudwatch.Metric:
        """Return the number of running tasks."""
        return self._insights.metric("RunningTaskCount", "Average", "running")

    def reports(self) -> cloudwatch.Metric:
        """Return how often per minute tasks emitted metrics; without running tasks there is no data.

        The number of running tasks cannot show this: ECS reports it only for services with running tasks.
        """
        return self._service.metric("CPUUtilization", "SampleCount", "reports", period=MINUTE)

    def desired(self) -> cloudwatch.Metric:
        """Return the desired number of tasks."""
        return self._insights.metric("DesiredTaskCount", "Average", "desired")

    def deployments(self) -> cloudwatch.MathExpression:
        """Return 1 while a deployment of the service is under way, a release or a rollback, and otherwise 0.

        Its edges mark the begin and the end. CloudWatch draws vertical annotations only at times that a dashboard's
        template fixes. The service has one deployment, and a second one while tasks are replaced.
        """
        return cloudwatch.MathExpression(
            expression="IF(FILL(deployments, 1) > 1, 1, 0)",
            using_metrics={"deployments": self._insights.metric("DeploymentCount", "Maximum", "deployments")},
            label="release or rollback",
            color=cloudwatch.Color.PURPLE,
        )

    def missing(self) -> cloudwatch.MathExpression:
        """Return the number of desired tasks that are not running."""
        return cloudwatch.MathExpression(
            expression="desired - running",
            using_metrics={"desired": self.desired(), "running": self.running()},
            label="missing",
        )
