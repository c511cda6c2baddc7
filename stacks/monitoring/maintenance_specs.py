"""The maintenance alarms of an environment: drift, backups, restore tests."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import RecoverySettings
from stacks.monitoring.alarm_specs import ABOVE, AT_LEAST, AlarmSpec
from stacks.monitoring.metrics import MaintenanceMetrics
from stacks.monitoring.severity import Severity

OLDEST_BACKUP_HOURS: Final = 36
"""A day between backups, start and completion windows, and the hours until the check."""
RESTORE_TEST_DAYS: Final = 35
"""Longer than the time between two monthly tests, or between creation and the first test."""


def maintenance_specs(metrics: MaintenanceMetrics, settings: RecoverySettings) -> list[AlarmSpec]:
    """Return the alarms for the results of the enabled daily checks."""
    specs: list[AlarmSpec] = []
    if settings.drift_check:
        specs.append(
            _spec(
                name="stacks-drifted",
                metric=metrics.drifted_resources(),
                comparison=AT_LEAST,
                threshold=1,
                meaning="Deployed resources differ from their templates: they were changed outside the "
                "pipeline. The log of "
                "the function yawl-…-drift-check names the resources. Put the change into the code, or revert it.",
            )
        )
    if settings.backups:
        specs.append(
            _spec(
                name="backup-old",
                metric=metrics.hours_since_backup(),
                comparison=ABOVE,
                threshold=OLDEST_BACKUP_HOURS,
                meaning="The newest backup or its copy is too old: the last ones failed or did not start. Check the "
                "jobs in AWS Backup.",
            )
        )
    if settings.backups and settings.restore_test:
        specs.append(
            _spec(
                name="restore-test-failed",
                metric=metrics.failed_restore_tests(),
                comparison=AT_LEAST,
                threshold=1,
                meaning="The last monthly restore test failed: the backups may be unusable. Check the restore jobs in "
                "AWS Backup.",
            )
        )
        specs.append(
            _spec(
                name="restore-test-overdue",
                metric=metrics.days_since_restore_test(),
                comparison=ABOVE,
                threshold=RESTORE_TEST_DAYS,
                meaning="No restore test has succeeded for more than a month. Check the restore testing plan in AWS "
                "Backup.",
            )
        )
    if specs:
        specs.append(
            _spec(
                name="checks-failed",
                metric=metrics.failed_checks(),
                comparison=AT_LEAST,
                threshold=1,
                meaning="A daily check of drift or backups failed: its result is unknown. Check the function's log.",
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
        )
    return specs


def _spec(
    *,
    name: str,
    metric: cloudwatch.IMetric,
    comparison: cloudwatch.ComparisonOperator,
    threshold: float,
    meaning: str,
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.IGNORE,
) -> AlarmSpec:
    """Return an alarm on a metric of one value a day; without a value, the alarm keeps its state."""
    return AlarmSpec(
        name=name,
        severity=Severity.MEDIUM,
        metric=metric,
        comparison=comparison,
        threshold=threshold,
        periods=1,
        missing=missing,
        meaning=meaning,
        of_release=False,
    )
