"""Metrics of the load balancer."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source


class TrafficMetrics:
    """Requests, how they were answered, and the targets they went to."""

    def __init__(self, names: ObservedNames) -> None:
        load_balancer, targets = {"LoadBalancer": names.load_balancer}, {"TargetGroup": names.target_group}
        self._load_balancer = Source(namespace="AWS/ApplicationELB", dimensions=load_balancer)
        self._targets = Source(namespace="AWS/ApplicationELB", dimensions={**load_balancer, **targets})

    def response_time(self, percentile: int) -> cloudwatch.Metric:
        """Return the seconds that tasks took to answer, at the percentile."""
        return self._targets.metric("TargetResponseTime", f"p{percentile}", f"p{percentile}")

    def busy_response_time(self, percentile: int, *, least_requests: int) -> cloudwatch.MathExpression:
        """Return the response time, or 0 for five minutes with fewer than `least_requests`, which prove nothing."""
        return cloudwatch.MathExpression(
            expression=f"IF(requests >= {least_requests}, seconds, 0)",
            using_metrics={
                "requests": self._targets.metric("RequestCount", "Sum", "requests"),
                "seconds": self.response_time(percentile),
            },
            label=f"p{percentile}",
        )

    def requests(self) -> cloudwatch.Metric:
        """Return the requests per minute that reached a task."""
        return self._targets.metric("RequestCount", "Sum", "requests", period=MINUTE)

    def refused(self) -> cloudwatch.Metric:
        """Return the requests per minute that a task answered with 4xx."""
        return self._targets.metric("HTTPCode_Target_4XX_Count", "Sum", "4xx of tasks", period=MINUTE)

    def failed(self) -> cloudwatch.Metric:
        """Return the requests per minute that a task answered with 5xx."""
        return self._targets.metric("HTTPCode_Target_5XX_Count", "Sum", "5xx of tasks", period=MINUTE)

    def unanswered(self) -> cloudwatch.Metric:
        """Return the requests per minute that the load balancer answered with 5xx, because no task did."""
        return self._load_balancer.metric("HTTPCode_ELB_5XX_Count", "Sum", "5xx of the load balancer", period=MINUTE)

    def error_rate(self, *, least_requests: int = 1) -> cloudwatch.MathExpression:
        """Return the percentage of a minute's requests that failed; 0 below `least_requests`, which prove nothing."""
        asked = "(FILL(requests, 0) + FILL(unanswered, 0))"
        lost = "(FILL(failed, 0) + FILL(unanswered, 0))"
        return cloudwatch.MathExpression(
            expression=f"IF({asked} >= {least_requests}, 100 * {lost} / {asked}, 0)",
            using_metrics={"requests": self.requests(), "failed": self.failed(), "unanswered": self.unanswered()},
            label="failed requests",
            period=MINUTE,
        )

    def healthy_targets(self) -> cloudwatch.Metric:
        """Return how many targets were healthy in the worst moment of a minute."""
        return self._targets.metric("HealthyHostCount", "Minimum", "healthy", period=MINUTE)

    def unhealthy_targets(self) -> cloudwatch.Metric:
        """Return how many targets were unhealthy all the time."""
        return self._targets.metric("UnHealthyHostCount", "Minimum", "unhealthy")
