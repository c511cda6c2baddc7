"""The maintenance alarms of an environment: drift, backups, restore tests."""

from collections.abc import Iterator
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import RecoverySettings
from stacks.monitoring.alarm_specs import ABOVE, AT_LEAST, AlarmSpec
from stacks.monitoring.metrics import MaintenanceMetrics
from stacks.monitoring.severity import Severity
from stacks.shared import diagnosis
from stacks.shared.runbook import Runbook

OLDEST_BACKUP_HOURS: Final = 36
"""A day between backups, start and completion windows, and the hours until the check."""
RESTORE_TEST_DAYS: Final = 35
"""Longer than the time between two monthly tests, or between creation and the first test."""


def maintenance_specs(metrics: MaintenanceMetrics, settings: RecoverySettings) -> Iterator[AlarmSpec]:
    """Yield the alarms for the results of the enabled daily checks."""
    if settings.drift_check:
        yield _stacks_drifted(metrics)
    if settings.backups:
        yield _backup_old(metrics)
    if settings.backups and settings.restore_test:
        yield _restore_test_failed(metrics)
        yield _restore_test_overdue(metrics)
    if settings.drift_check or settings.backups:
        enabled = {"drift": settings.drift_check, "recovery": settings.backups}
        yield _checks_failed(metrics, [subject for subject, is_enabled in enabled.items() if is_enabled])


def _stacks_drifted(metrics: MaintenanceMetrics) -> AlarmSpec:
    return _spec(
        name="stacks-drifted",
        metric=metrics.drifted_resources(),
        comparison=AT_LEAST,
        threshold=1,
        runbook=Runbook(
            meaning="Deployed resources differ from their templates: they were changed outside the pipeline. The log "
            "of the function yawl-…-drift-check names the resources. Put the change into the code, or revert it.",
            users="nothing; the next delivery may revert the change, or fail.",
            commands=(
                diagnosis.check_log("drift"),
                'aws cloudformation describe-stacks --region $REGION --query "Stacks[?starts_with(StackName,'
                "'yawl-$ENVIRONMENT-')].[StackName,DriftInformation.StackDriftStatus]\" --output text",
                "aws cloudtrail lookup-events --region $REGION --lookup-attributes "
                "AttributeKey=ReadOnly,AttributeValue=false --max-items 20 "
                "--query 'Events[].[EventTime,Username,EventName]' --output text",
            ),
            escalate="Today, to whoever CloudTrail names; to security at once if nobody did it. After a runbook "
            "changed something by hand, it is expected: finish the runbook's last step.",
        ),
    )


def _backup_old(metrics: MaintenanceMetrics) -> AlarmSpec:
    return _spec(
        name="backup-old",
        metric=metrics.hours_since_backup(),
        comparison=ABOVE,
        threshold=OLDEST_BACKUP_HOURS,
        runbook=Runbook(
            meaning="The newest backup or its copy is too old: the last ones failed or did not start. Check the "
            "jobs in AWS Backup.",
            users="nothing; after a loss, more would be missing.",
            commands=(
                diagnosis.BACKUP_JOBS,
                "aws backup list-copy-jobs --region $REGION "
                "--query 'CopyJobs[:10].[CreationDate,State,StatusMessage]' --output text",
                diagnosis.RECOVERY_POINTS,
            ),
            escalate="Today: start a job with `aws backup start-backup-job --region $REGION --backup-vault-name "
            "yawl-$ENVIRONMENT --resource-arn arn:aws:rds:$REGION:$ACCOUNT:db:yawl-$ENVIRONMENT --iam-role-arn …` and "
            'the role of `aws iam list-roles --query "Roles[?starts_with(RoleName,'
            "'yawl-$ENVIRONMENT-recovery-BackupRole')].Arn\"`. If it fails too, AWS Support or the "
            "owner of the key and role that its message names. RDS's own point-in-time backups are not affected.",
        ),
    )


def _restore_test_failed(metrics: MaintenanceMetrics) -> AlarmSpec:
    return _spec(
        name="restore-test-failed",
        metric=metrics.failed_restore_tests(),
        comparison=AT_LEAST,
        threshold=1,
        runbook=Runbook(
            meaning="The last monthly restore test failed: the backups may be unusable. Check the restore jobs in "
            "AWS Backup.",
            users="nothing; after a loss, the data might not come back.",
            commands=(diagnosis.RESTORE_JOBS, diagnosis.RECOVERY_POINTS, diagnosis.check_log("recovery")),
            escalate="Today, to the owner of backups: until a restore has worked, assume that none does. Restore the "
            "newest recovery point by hand, as in [The database is gone](../RUNBOOKS.md#the-database-is-gone), step 1, "
            "but with another `DBInstanceIdentifier`; delete that instance afterwards.",
        ),
    )


def _restore_test_overdue(metrics: MaintenanceMetrics) -> AlarmSpec:
    return _spec(
        name="restore-test-overdue",
        metric=metrics.days_since_restore_test(),
        comparison=ABOVE,
        threshold=RESTORE_TEST_DAYS,
        runbook=Runbook(
            meaning="No restore test has succeeded for more than a month. Check the restore testing plan in AWS "
            "Backup.",
            users="nothing; after a loss, the data might not come back.",
            commands=(diagnosis.RESTORE_TEST_PLAN, diagnosis.RESTORE_JOBS, diagnosis.RECOVERY_POINTS),
            escalate="Today, to the owner of backups, with the plan's last execution and the message of its last job.",
        ),
    )


def _checks_failed(metrics: MaintenanceMetrics, subjects: list[str]) -> AlarmSpec:
    return _spec(
        name="checks-failed",
        metric=metrics.failed_checks(),
        comparison=AT_LEAST,
        threshold=1,
        missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        runbook=Runbook(
            meaning="A daily check of drift or backups failed: its result is unknown. Check the function's log.",
            users="nothing.",
            commands=(
                diagnosis.check_errors(subjects[0]),
                diagnosis.check_log(subjects[0]),
                diagnosis.check_log(subjects[1]) if subjects[1:] else diagnosis.check_role(subjects[0]),
            ),
            escalate="After the second day in a row, to whoever maintains the pipeline: a check that is denied a "
            "call needs a permission.",
        ),
    )


def _spec(
    *,
    name: str,
    metric: cloudwatch.IMetric,
    comparison: cloudwatch.ComparisonOperator,
    threshold: float,
    runbook: Runbook,
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
        runbook=runbook,
        of_release=False,
    )
