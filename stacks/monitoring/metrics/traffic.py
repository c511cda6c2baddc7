"""Metrics of the load balancer."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source


class TrafficMetrics:
    """Requests, responses and targets of the load balancer."""

    def __init__(self, names: ObservedNames) -> None:
        load_balancer, targets = {"LoadBalancer": names.load_balancer}, {"TargetGroup": names.target_group}
        self._load_balancer = Source(namespace="AWS/ApplicationELB", dimensions=load_balancer)
        self._targets = Source(namespace="AWS/ApplicationELB", dimensions={**load_balancer, **targets})

    def response_time(self, percentile: int) -> cloudwatch.Metric:
        """Return the percentile of the tasks' response time, in seconds."""
        return self._targets.metric("TargetResponseTime", f"p{percentile}", f"p{percentile}")

    def busy_response_time(self, percentile: int, *, least_requests: int) -> cloudwatch.MathExpression:
        """Return the response time, or 0 for five minutes with fewer than `least_requests`, too few for a verdict."""
        return cloudwatch.MathExpression(
            expression=f"IF(requests >= {least_requests}, seconds, 0)",
            using_metrics={
                "requests": self._targets.metric("RequestCount", "Sum", "requests"),
                "seconds": self.response_time(percentile),
            },
            label=f"response time p{percentile}",
        )

    def requests(self) -> cloudwatch.Metric:
        """Return the requests per minute to tasks."""
        return self._targets.metric("RequestCount", "Sum", "requests", period=MINUTE)

    def refused(self) -> cloudwatch.Metric:
        """Return the 4xx responses of tasks per minute."""
        return self._targets.metric("HTTPCode_Target_4XX_Count", "Sum", "4xx of tasks", period=MINUTE)

    def failed(self) -> cloudwatch.Metric:
        """Return the 5xx responses of tasks per minute."""
        return self._targets.metric("HTTPCode_Target_5XX_Count", "Sum", "5xx of tasks", period=MINUTE)

    def unanswered(self) -> cloudwatch.Metric:
        """Return the load balancer's own 5xx responses per minute, sent when no task answers."""
        return self._load_balancer.metric("HTTPCode_ELB_5XX_Count", "Sum", "5xx of the load balancer", period=MINUTE)

    def error_rate(self, *, least_requests: int = 1) -> cloudwatch.MathExpression:
        """Return the percentage of failed requests per minute; 0 below `least_requests`, too few for a verdict."""
        total = "(FILL(requests, 0) + FILL(unanswered, 0))"
        lost = "(FILL(failed, 0) + FILL(unanswered, 0))"
        return cloudwatch.MathExpression(
            expression=f"IF({total} >= {least_requests}, 100 * {lost} / {total}, 0)",
            using_metrics={"requests": self.requests(), "failed": self.failed(), "unanswered": self.unanswered()},
            label="failed requests",
            period=MINUTE,
        )

    def healthy_targets(self) -> cloudwatch.Metric:
        """Return the minimum of healthy targets per minute."""
        return self._targets.metric("HealthyHostCount", "Minimum", "healthy", period=MINUTE)

    def unhealthy_targets(self) -> cloudwatch.Metric:
        """Return the minimum of unhealthy targets over five minutes."""
        return self._targets.metric("UnHealthyHostCount", "Minimum", "unhealthy")
