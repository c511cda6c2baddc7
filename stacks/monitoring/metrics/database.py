"""Metrics of RDS."""

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.source import MINUTE, Source


class DatabaseMetrics:
    """Load, latency and reserves of the PostgreSQL instance."""

    def __init__(self, names: ObservedNames) -> None:
        self._instance = Source(namespace="AWS/RDS", dimensions={"DBInstanceIdentifier": names.database})

    def reports(self) -> cloudwatch.Metric:
        """Return how often a minute the instance reported at all; one that is down or lost does not."""
        return self._instance.metric("CPUUtilization", "SampleCount", "reports", period=MINUTE)

    def processor(self) -> cloudwatch.Metric:
        """Return the percentage of the processor in use."""
        return self._instance.metric("CPUUtilization", "Average", "database: processor")

    def connections(self) -> cloudwatch.Metric:
        """Return the open connections, at most."""
        return self._instance.metric("DatabaseConnections", "Maximum", "connections")

    def read_latency(self) -> cloudwatch.Metric:
        """Return the seconds that a read from the disk took, at the 99th percentile."""
        return self._instance.metric("ReadLatency", "p99", "read p99")

    def write_latency(self) -> cloudwatch.Metric:
        """Return the seconds that a write to the disk took, at the 99th percentile."""
        return self._instance.metric("WriteLatency", "p99", "write p99")

    def free_storage(self) -> cloudwatch.Metric:
        """Return the bytes left on the disk, at least."""
        return self._instance.metric("FreeStorageSpace", "Minimum", "free storage")

    def free_memory(self) -> cloudwatch.Metric:
        """Return the bytes of memory left, at least."""
        return self._instance.metric("FreeableMemory", "Minimum", "free memory")
