"""When an environment's upkeep calls for help: nothing is down, and the next bad day would be worse."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import RecoverySettings
from stacks.monitoring.alarm_specs import ABOVE, AT_LEAST, AlarmSpec
from stacks.monitoring.metrics import MaintenanceMetrics
from stacks.monitoring.severity import Severity

OLDEST_BACKUP_HOURS: Final = 36
"""A day between two, a start and an end that may be late, and the hours until the check looks."""
RESTORE_TEST_DAYS: Final = 35
"""Longer than between two monthly tests; the first has as long after the environment was made."""


def maintenance_specs(metrics: MaintenanceMetrics, settings: RecoverySettings) -> list[AlarmSpec]:
    """Return the specs about what the daily checks find; without checks there is nothing to ring for."""
    specs: list[AlarmSpec] = []
    if settings.drift_check:
        specs.append(
            _spec(
                name="stacks-drifted",
                metric=metrics.drifted_resources(),
                comparison=AT_LEAST,
                threshold=1,
                meaning="What is deployed is no longer what its templates say: somebody changed it by hand. The log of "
                "the function yawl-…-drift-check names the resources. Put the change into the code, or take it back.",
            )
        )
    if settings.backups:
        specs.append(
            _spec(
                name="backup-old",
                metric=metrics.hours_since_backup(),
                comparison=ABOVE,
                threshold=OLDEST_BACKUP_HOURS,
                meaning="The newest backup or its copy is older than it should be: the last ones failed or did not "
                "start. Look at the jobs in AWS Backup.",
            )
        )
    if settings.backups and settings.restore_test:
        specs.append(
            _spec(
                name="restore-test-failed",
                metric=metrics.failed_restore_tests(),
                comparison=AT_LEAST,
                threshold=1,
                meaning="The last monthly restore failed: the backups may be worth nothing. Look at the restore jobs "
                "in AWS Backup.",
            )
        )
        specs.append(
            _spec(
                name="restore-test-overdue",
                metric=metrics.days_since_restore_test(),
                comparison=ABOVE,
                threshold=RESTORE_TEST_DAYS,
                meaning="No backup was restored well for longer than a month. Look at the restore testing plan in AWS "
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
                meaning="A daily check of drift or backups ended with an error: what it should tell is not known. Look "
                "at the function's log.",
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
    """Return a rule about a figure that comes once a day; where it does not come, the last one stands."""
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
