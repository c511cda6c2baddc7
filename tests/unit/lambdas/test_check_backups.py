"""The ages of backups and restore tests, each the right one of several: AWS lists them in no particular order."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from typing_extensions import override

from lambdas.daily_checks import check_backups

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Jobs = Sequence[tuple[float, str]]


class Noon(datetime):
    """A clock that stands still."""

    @classmethod
    @override
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 24, 12, tzinfo=tz)


def point(hours: float, status: str = "COMPLETED") -> dict[str, Any]:
    return {"CreationDate": NOW - hours * HOUR, "Status": status}


VAULTS: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]] = {
    ("home", "us-east-1"): [point(9), point(3), point(5), point(1, "PARTIAL"), point(2, "AVAILABLE")],
    ("copies", "eu-west-1"): [point(50), point(30), point(40)],
    ("new", "us-east-1"): [point(1, "DELETING")],
}
"""The recovery points of each vault; the vaults are a hundred hours old, and so is the plan of the restore tests."""


class Backup:
    """The client of one region, with one item on each page, and the client of CloudWatch."""

    def __init__(self, region: str, jobs: Jobs) -> None:
        self.region, self.jobs, self.sent = region, jobs, dict[str, float]()

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self, operation)

    def describe_backup_vault(self, BackupVaultName: str) -> Mapping[str, Any]:  # noqa: N803
        assert (BackupVaultName, self.region) in VAULTS
        return {"CreationDate": NOW - 100 * HOUR}

    def get_restore_testing_plan(self, RestoreTestingPlanName: str) -> Mapping[str, Any]:  # noqa: N803
        plan = {"RestoreTestingPlanArn": f"arn:{RestoreTestingPlanName}", "CreationTime": NOW - 100 * HOUR}
        return {"RestoreTestingPlan": plan}

    def put_metric_data(self, MetricData: Sequence[Mapping[str, Any]], **_: object) -> None:  # noqa: N803
        self.sent |= {one["MetricName"]: one["Value"] for one in MetricData}


class _Pages:
    def __init__(self, backup: Backup, operation: str) -> None:
        self.backup, self.operation = backup, operation

    def paginate(self, BackupVaultName: str = "", **_: object) -> list[dict[str, Any]]:  # noqa: N803
        if self.operation == "list_restore_jobs":
            return [{"RestoreJobs": [_job(hours, what)]} for hours, what in self.backup.jobs]
        return [{"RecoveryPoints": [one]} for one in VAULTS[BackupVaultName, self.backup.region]]


def _job(hours: float, what: str) -> dict[str, Any]:
    status, _, validation = what.partition(" ")
    return {
        "CreationDate": NOW - hours * HOUR,
        "Status": status,
        "StatusMessage": f"why {status}",
        "ValidationStatus": validation or "SUCCESSFUL",
    }


def measured(monkeypatch: pytest.MonkeyPatch, vaults: str, jobs: Jobs = (), plan: str = "") -> dict[str, float]:
    def client(service: str, region_name: str = "us-east-1", config: object = None) -> Backup:
        assert service in ("backup", "cloudwatch")
        assert config
        return Backup(region_name, jobs)

    monkeypatch.setattr("boto3.client", client)
    monkeypatch.setattr(check_backups, "datetime", Noon)
    for name, value in {"ENVIRONMENT": "dev", "VAULTS": vaults, "RESTORE_TEST": plan}.items():
        monkeypatch.setenv(name, value)
    return {name: round(value, 2) for name, value in check_backups.handler({}, None).items()}


@pytest.mark.parametrize(
    ("vaults", "hours"),
    [
        ("home@us-east-1", 2),
        ("copies@eu-west-1", 30),
        ("home@us-east-1 copies@eu-west-1", 30),
        ("copies@eu-west-1 home@us-east-1", 30),
        ("home@us-east-1 new@us-east-1", 100),
    ],
)
def test_age_is_that_of_the_newest_backup_in_the_vault_that_is_furthest_behind(
    vaults: str, hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured(monkeypatch, vaults) == {"HoursSinceBackup": hours}


JOBS: dict[str, tuple[Jobs, float, bool, str]] = {
    "the newest success of two, before a failure": (
        [(72, "COMPLETED"), (24, "FAILED"), (48, "COMPLETED"), (1, "RUNNING")],
        2,
        True,
        "FAILED",
    ),
    "the newest success of two, after a failure": (
        [(24, "COMPLETED"), (72, "FAILED"), (48, "COMPLETED"), (1, "PENDING")],
        1,
        False,
        "COMPLETED",
    ),
    "a failed validation is a failure": ([(24, "COMPLETED FAILED"), (48, "COMPLETED")], 2, True, "COMPLETED"),
    "a validation that timed out is none": ([(24, "COMPLETED TIMED_OUT"), (48, "FAILED")], 1, False, "COMPLETED"),
    "only failures": ([(24, "ABORTED"), (48, "FAILED")], 4.17, True, "ABORTED"),
    "none has ended": ([(1, "RUNNING")], 4.17, False, ""),
}


@pytest.mark.parametrize("which", JOBS)
def test_restore_test_is_the_last_that_ended(
    which: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs, days, has_failed, printed = JOBS[which]
    found = measured(monkeypatch, "home@us-east-1", jobs, plan="plan")
    assert (found["DaysSinceRestoreTest"], found["FailedRestoreTests"]) == (days, float(has_failed))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("last restore test")]
    assert lines == ([f"last restore test: {printed} why {printed}"] if printed else [])
