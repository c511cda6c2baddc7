"""Metrics of RDS."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source


class DatabaseMetrics:
    """Load, latency and free capacity of the PostgreSQL instance."""

    def __init__(self, names: ObservedNames) -> None:
        self._instance = Source(namespace="AWS/RDS", dimensions={"DBInstanceIdentifier": names.database})

    def reports(self) -> cloudwatch.Metric:
        """Return how often per minute the instance emitted metrics; one that is down emits none."""
        return self._instance.metric("CPUUtilization", "SampleCount", "reports", period=MINUTE)

    def processor(self) -> cloudwatch.Metric:
        """Return the CPU use in percent."""
        return self._instance.metric("CPUUtilization", "Average", "database: processor")

    def connections(self) -> cloudwatch.Metric:
        """Return the maximum of open connections."""
        return self._instance.metric("DatabaseConnections", "Maximum", "connections")

    def read_latency(self) -> cloudwatch.Metric:
        """Return the 99th percentile of disk read latency, in seconds."""
        return self._instance.metric("ReadLatency", "p99", "read p99")

    def write_latency(self) -> cloudwatch.Metric:
        """Return the 99th percentile of disk write latency, in seconds."""
        return self._instance.metric("WriteLatency", "p99", "write p99")

    def free_storage(self) -> cloudwatch.Metric:
        """Return the minimum of free storage, in bytes."""
        return self._instance.metric("FreeStorageSpace", "Minimum", "free storage")

    def free_memory(self) -> cloudwatch.Metric:
        """Return the minimum of free memory, in bytes."""
        return self._instance.metric("FreeableMemory", "Minimum", "free memory")
