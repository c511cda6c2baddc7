"""Metrics of ElastiCache."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import FIVE_MINUTES, MINUTE, Source


class CacheMetrics:
    """Load and reserves of Redis, over all its nodes."""

    def __init__(self, names: ObservedNames) -> None:
        self.node_count = names.cache_nodes
        # ElastiCache numbers the nodes of a group that has one shard.
        self._nodes = [
            Source(namespace="AWS/ElastiCache", dimensions={"CacheClusterId": f"{names.cache}-{number:03d}"})
            for number in range(1, self.node_count + 1)
        ]

    def reporting_nodes(self) -> cloudwatch.MathExpression:
        """Return how many nodes reported at all in a minute; one that is down or lost does not."""
        reports = self._of_nodes("CPUUtilization", "SampleCount", period=MINUTE)
        return cloudwatch.MathExpression(
            expression=" + ".join(f"IF(FILL({node}, 0) > 0, 1, 0)" for node in reports),
            using_metrics=reports,
            label="nodes that report",
            period=MINUTE,
        )

    def processor(self) -> cloudwatch.MathExpression:
        """Return the percentage of the processor in use, on the busiest node."""
        return self._over_nodes("MAX", "CPUUtilization", "Average", "cache: processor")

    def memory(self) -> cloudwatch.MathExpression:
        """Return the percentage of the memory for data in use, on the fullest node."""
        return self._over_nodes("MAX", "DatabaseMemoryUsagePercentage", "Maximum", "cache: memory")

    def connections(self) -> cloudwatch.MathExpression:
        """Return the open connections, of the node that has most."""
        return self._over_nodes("MAX", "CurrConnections", "Maximum", "connections")

    def evictions(self) -> cloudwatch.MathExpression:
        """Return how many keys were dropped to make room."""
        return self._over_nodes("SUM", "Evictions", "Sum", "evictions")

    def _over_nodes(self, function: str, name: str, statistic: str, label: str) -> cloudwatch.MathExpression:
        metrics = self._of_nodes(name, statistic)
        return cloudwatch.MathExpression(
            expression=f"{function}([{', '.join(metrics)}])", using_metrics=metrics, label=label
        )

    def _of_nodes(self, name: str, statistic: str, *, period: Duration = FIVE_MINUTES) -> dict[str, cloudwatch.IMetric]:
        # By ids that differ within a graph.
        return {
            f"{name.lower()}{number}": node.metric(name, statistic, f"node {number}", period=period)
            for number, node in enumerate(self._nodes, start=1)
        }
