"""Metrics of ElastiCache."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import FIVE_MINUTES, MINUTE, Source


class CacheMetrics:
    """Load and free capacity of Redis, across all nodes."""

    def __init__(self, names: ObservedNames) -> None:
        self.node_count = names.cache_nodes
        # ElastiCache numbers the nodes of a single-shard group.
        self._nodes = [
            Source(namespace="AWS/ElastiCache", dimensions={"CacheClusterId": f"{names.cache}-{number:03d}"})
            for number in range(1, self.node_count + 1)
        ]

    def reporting_nodes(self) -> cloudwatch.MathExpression:
        """Return the number of nodes that emitted metrics in a minute; a node that is down emits none."""
        reports = self._of_nodes("CPUUtilization", "SampleCount", period=MINUTE)
        return cloudwatch.MathExpression(
            expression=" + ".join(f"IF(FILL({node}, 0) > 0, 1, 0)" for node in reports),
            using_metrics=reports,
            label="reporting nodes",
            period=MINUTE,
        )

    def cpu(self) -> cloudwatch.MathExpression:
        """Return the CPU use in percent, of the busiest node."""
        return self._over_nodes("MAX", "CPUUtilization", "Average", "cache: CPU")

    def memory(self) -> cloudwatch.MathExpression:
        """Return the use of the memory for data in percent, of the fullest node."""
        return self._over_nodes("MAX", "DatabaseMemoryUsagePercentage", "Maximum", "cache: memory")

    def connections(self) -> cloudwatch.MathExpression:
        """Return the open connections of the node with most."""
        return self._over_nodes("MAX", "CurrConnections", "Maximum", "connections")

    def evictions(self) -> cloudwatch.MathExpression:
        """Return the number of evicted keys."""
        return self._over_nodes("SUM", "Evictions", "Sum", "evictions")

    def _over_nodes(self, function: str, name: str, statistic: str, label: str) -> cloudwatch.MathExpression:
        metrics = self._of_nodes(name, statistic)
        return cloudwatch.MathExpression(
            expression=f"{function}([{', '.join(metrics)}])", using_metrics=metrics, label=label
        )

    def _of_nodes(self, name: str, statistic: str, *, period: Duration = FIVE_MINUTES) -> dict[str, cloudwatch.IMetric]:
        # Ids must be unique within a graph.
        return {
            f"{name.lower()}{number}": node.metric(name, statistic, f"node {number}", period=period)
            for number, node in enumerate(self._nodes, start=1)
        }
