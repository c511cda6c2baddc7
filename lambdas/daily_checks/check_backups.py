"""Emits the age of the newest backups and the result of the last restore test as metrics.

Environment variables: `ENVIRONMENT`, the metrics' dimension; `VAULTS`, a list of `name@region`; `RESTORE_TEST`, the
name of the restore testing plan, or empty.
"""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 5})
FAILED = ("FAILED", "ABORTED")


def handler(_event: Any, _context: Any) -> dict[str, float]:
    """Return the figures sent to CloudWatch."""
    figures = {"HoursSinceBackup": max(_hours_since_backup(vault) for vault in os.environ["VAULTS"].split())}
    if plan := os.environ["RESTORE_TEST"]:
        figures |= _restore_tests(plan)
    print(figures)
    dimensions = [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}]
    cloudwatch: Any = boto3.client("cloudwatch", config=RETRIES)
    cloudwatch.put_metric_data(
        Namespace="YAWLMaintenance",
        MetricData=[{"MetricName": name, "Dimensions": dimensions, "Value": value} for name, value in figures.items()],
    )
    return figures


def _hours_since_backup(vault: str) -> float:
    """Return the age of the vault's newest recovery point, or of the vault if it has none."""
    name, _, region = vault.partition("@")
    backup: Any = boto3.client("backup", region_name=region, config=RETRIES)
    pages = backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=name)
    made = [
        point["CreationDate"]
        for page in pages
        for point in page["RecoveryPoints"]
        if point["Status"] in ("COMPLETED", "AVAILABLE")
    ]
    since = max(made) if made else backup.describe_backup_vault(BackupVaultName=name)["CreationDate"]
    return _seconds_since(since) / 3600


def _restore_tests(name: str) -> dict[str, float]:
    """Return the days since the last successful test, or since the plan's creation, and whether the last one failed."""
    backup: Any = boto3.client("backup", config=RETRIES)
    plan = backup.get_restore_testing_plan(RestoreTestingPlanName=name)["RestoreTestingPlan"]
    pages = backup.get_paginator("list_restore_jobs").paginate(ByRestoreTestingPlanArn=plan["RestoreTestingPlanArn"])
    jobs = sorted((job for page in pages for job in page["RestoreJobs"]), key=lambda job: job["CreationDate"])
    ended = [job for job in jobs if job["Status"] in (*FAILED, "COMPLETED")]
    good = [job for job in ended if not _failed(job)]
    since = good[-1]["CreationDate"] if good else plan["CreationTime"]
    for job in ended[-1:]:
        print(f"last restore test: {job['Status']} {job.get('StatusMessage', '')}")
    return {
        "DaysSinceRestoreTest": _seconds_since(since) / 86400,
        "FailedRestoreTests": float(bool(ended) and _failed(ended[-1])),
    }


def _failed(job: Any) -> bool:
    # A validation that timed out does not count: validating is optional.
    return job["Status"] in FAILED or job.get("ValidationStatus") == "FAILED"


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
