"""Metrics of RDS."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source

GIB: Final = 1024**3


class DatabaseMetrics:
    """Load, latency and free capacity of the PostgreSQL instance."""

    def __init__(self, names: ObservedNames) -> None:
        self._instance = Source(namespace="AWS/RDS", dimensions={"DBInstanceIdentifier": names.database})

    def reports(self) -> cloudwatch.Metric:
        """Return how often per minute the instance emitted metrics; one that is down emits none."""
        return self._instance.metric("CPUUtilization", "SampleCount", "reports", period=MINUTE)

    def cpu(self) -> cloudwatch.Metric:
        """Return the CPU use in percent."""
        return self._instance.metric("CPUUtilization", "Average", "database: CPU")

    def connections(self) -> cloudwatch.Metric:
        """Return the maximum of open connections."""
        return self._instance.metric("DatabaseConnections", "Maximum", "connections")

    def read_latency(self) -> cloudwatch.Metric:
        """Return the 99th percentile of disk read latency, in seconds."""
        return self._instance.metric("ReadLatency", "p99", "read p99")

    def write_latency(self) -> cloudwatch.Metric:
        """Return the 99th percentile of disk write latency, in seconds."""
        return self._instance.metric("WriteLatency", "p99", "write p99")

    def latencies_in_milliseconds(self) -> list[cloudwatch.IMetric]:
        """Return both latencies for a graph."""
        return [_scaled(self.read_latency(), "read", 1_000), _scaled(self.write_latency(), "write", 1_000)]

    def free_storage_in_gib(self) -> cloudwatch.MathExpression:
        """Return the minimum of free storage, in GiB."""
        return _scaled(self.free_storage(), "storage", 1 / GIB)

    def free_memory_in_gib(self) -> cloudwatch.MathExpression:
        """Return the minimum of free memory, in GiB."""
        return _scaled(self.free_memory(), "memory", 1 / GIB)

    def free_storage(self) -> cloudwatch.Metric:
        """Return the minimum of free storage, in bytes."""
        return self._instance.metric("FreeStorageSpace", "Minimum", "free storage")

    def free_memory(self) -> cloudwatch.Metric:
        """Return the minimum of free memory, in bytes."""
        return self._instance.metric("FreeableMemory", "Minimum", "free memory")


def _scaled(metric: cloudwatch.Metric, name: str, factor: float) -> cloudwatch.MathExpression:
    expression = f"{name} * {factor:g}" if factor >= 1 else f"{name} / {1 / factor:.0f}"
    return cloudwatch.MathExpression(
        expression=expression, using_metrics={name: metric}, label=metric.label, period=metric.period
    )
