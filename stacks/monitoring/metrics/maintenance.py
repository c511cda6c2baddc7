"""Metrics of the daily checks."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.metrics.source import Source
from stacks.shared.scheduled_check import METRICS_NAMESPACE, check_name

DAY: Final = Duration.days(1)


class MaintenanceMetrics:
    """Drift, age of backups, and restore tests; `lambdas/daily_checks` emits these once a day."""

    def __init__(self, environment_name: str) -> None:
        self._environment_name = environment_name
        self._checks = Source(namespace=METRICS_NAMESPACE, dimensions={"Environment": environment_name})

    def drifted_resources(self) -> cloudwatch.Metric:
        """Return the number of resources that differ from their templates."""
        return self._checks.metric("DriftedResources", "Maximum", "drifted", period=DAY)

    def hours_since_backup(self) -> cloudwatch.Metric:
        """Return the age of the newest backup in hours, of the vault where it is oldest."""
        return self._checks.metric("HoursSinceBackup", "Maximum", "hours since a backup", period=DAY)

    def days_since_restore_test(self) -> cloudwatch.Metric:
        """Return the days since the last successful restore test."""
        return self._checks.metric("DaysSinceRestoreTest", "Maximum", "days since a restore test", period=DAY)

    def failed_restore_tests(self) -> cloudwatch.Metric:
        """Return 1 if the last restore test failed, otherwise 0."""
        return self._checks.metric("FailedRestoreTests", "Maximum", "failed restore test", period=DAY)

    def failed_checks(self) -> cloudwatch.IMetric:
        """Return the number of daily checks that failed."""
        errors = {
            name: Source(
                namespace="AWS/Lambda", dimensions={"FunctionName": check_name(self._environment_name, name)}
            ).metric("Errors", "Sum", name, period=DAY)
            for name in ("drift", "recovery")
        }
        return cloudwatch.MathExpression(
            expression="SUM(METRICS())", using_metrics=dict(errors), label="failed checks", period=DAY
        )
