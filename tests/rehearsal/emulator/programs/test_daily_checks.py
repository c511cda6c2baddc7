"""The functions that look after an environment, run against an emulated account."""

import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambdas.daily_checks import check_backups, find_drift
from tests.rehearsal.emulator.conftest import Account, resource

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def reach(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the functions find the account as Lambda lets them."""
    for name, value in {
        "AWS_ENDPOINT_URL": account.cloud.endpoint,
        "AWS_ACCESS_KEY_ID": account.place.account,
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_REGION": account.place.region,
        "AWS_DEFAULT_REGION": account.place.region,
        "ENVIRONMENT": "dev",
        "STACK_PREFIX": "yawl-dev-",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # It remembers whom it was made for.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(find_drift, "LOOK_SECONDS", 0.05)


def measured(account: Account, metric: str) -> float:
    """The last value that CloudWatch was told."""
    points = account.client("cloudwatch").get_metric_statistics(
        Namespace="YAWLMaintenance",
        MetricName=metric,
        Dimensions=[{"Name": "Environment", "Value": "dev"}],
        StartTime=NOW - timedelta(hours=1),
        EndTime=NOW + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    [point] = points[-1:]
    return point["Maximum"]


class TestDrift:
    """What somebody changed by hand."""

    @pytest.fixture(autouse=True)
    def deployed(self, account: Account) -> dict[str, str]:
        account.stack = "yawl-dev-monitoring"
        return account.deploy(
            Topic=resource("AWS::SNS::Topic", TopicName="alarms", DisplayName="Alarms"),
            Queue=resource("AWS::SQS::Queue", QueueName="queue", VisibilityTimeout=30),
        )

    def test_no_drift(self, account: Account) -> None:
        assert find_drift.handler({}, None) == {"drifted": {}, "not compared": {}}
        assert measured(account, "DriftedResources") == 0

    def test_manual_changes_are_reported_and_counted(self, account: Account, deployed: dict[str, str]) -> None:
        account.client("sns").set_topic_attributes(
            TopicArn=deployed["Topic"], AttributeName="DisplayName", AttributeValue="By hand"
        )
        account.client("sqs").delete_queue(QueueUrl=deployed["Queue"])
        found = find_drift.handler({}, None)
        assert sorted(found["drifted"]["yawl-dev-monitoring"]) == ["Queue (deleted)", "Topic (modified)"]
        assert measured(account, "DriftedResources") == 2

    def test_other_stacks_are_ignored(
        self, account: Account, deployed: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account.client("sqs").delete_queue(QueueUrl=deployed["Queue"])
        monkeypatch.setenv("STACK_PREFIX", "yawl-staging-")
        assert find_drift.handler({}, None) == {"drifted": {}, "not compared": {}}

    def test_sibling_environment_is_ignored(
        self, account: Account, deployed: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account.client("sqs").delete_queue(QueueUrl=deployed["Queue"])
        monkeypatch.setenv("STACK_PREFIX", "yawl-")
        assert find_drift.handler({}, None) == {"drifted": {}, "not compared": {}}, "dev-monitoring is not a part"


@pytest.fixture
def vault(account: Account) -> None:
    account.stack = "yawl-dev-recovery"
    account.deploy(
        Vault=resource("AWS::Backup::BackupVault", BackupVaultName="yawl-dev"),
        Topic=resource("AWS::SNS::Topic", TopicName="alarms", DisplayName="Alarms"),
    )


@pytest.mark.usefixtures("vault")
def test_uncomparable_stack_is_not_in_sync(account: Account) -> None:
    found = find_drift.handler({}, None)
    assert found == {"drifted": {}, "not compared": {"yawl-dev-recovery": ["Vault (AWS::Backup::BackupVault)"]}}
    assert measured(account, "DriftedResources") == 0


class CloudFormation:
    """Stands for CloudFormation with what the emulator does not play: resources that the caller may not read."""

    def __init__(self, *drifts: dict[str, Any], status: str = "UPDATE_COMPLETE") -> None:
        self._drifts = drifts
        self._status = status

    def get_paginator(self, operation: str) -> Any:
        types = {"Database": "AWS::RDS::DBInstance", "Token": "AWS::SecretsManager::Secret"}
        page = {
            "Stacks": [{"StackName": "yawl-dev-cache", "StackStatus": self._status}],
            "StackResourceSummaries": [
                {"LogicalResourceId": name, "ResourceType": resource_type} for name, resource_type in types.items()
            ],
        }

        class Paginator:
            def paginate(self, **_: str) -> list[Any]:
                return [page]

        assert operation in ("describe_stacks", "list_stack_resources")
        return Paginator()

    def detect_stack_drift(self, **_: str) -> Any:
        return {"StackDriftDetectionId": "one"}

    def describe_stack_drift_detection_status(self, **_: str) -> Any:
        return {"DetectionStatus": "DETECTION_FAILED", "Timestamp": NOW}

    def describe_stack_resource_drifts(self, *, StackName: str, NextToken: str = "0") -> Any:  # noqa: N803 - AWS's
        assert StackName == "yawl-dev-cache"
        page, more = int(NextToken), {"NextToken": "1"} if NextToken == "0" and len(self._drifts) > 1 else {}
        return {"StackResourceDrifts": list(self._drifts[page : page + 1]), **more}

    def put_metric_data(self, **_: Any) -> None:
        """Take the figure."""


def one_drift(name: str, status: str, *, hours_ago: float = -0.01, **more: Any) -> dict[str, Any]:
    return {
        "LogicalResourceId": name,
        "ResourceType": "AWS::RDS::DBInstance",
        "StackResourceDriftStatus": status,
        "Timestamp": NOW - timedelta(hours=hours_ago),
        **more,
    }


UPGRADED = {
    "ExpectedProperties": '{"AutoMinorVersionUpgrade": true}',
    "PropertyDifferences": [
        {
            "PropertyPath": "/EngineVersion",
            "ExpectedValue": "15.18",
            "ActualValue": "15.19",
            "DifferenceType": "NOT_EQUAL",
        }
    ],
}
TOKEN, INSTANCE = "Token (AWS::SecretsManager::Secret)", "Database (AWS::RDS::DBInstance)"
COMPARISONS: dict[str, tuple[CloudFormation, list[str], list[str]]] = {
    # name: CloudFormation, what drifted, what was not compared
    "a secret may not be read": (
        CloudFormation(one_drift("Database", "IN_SYNC"), one_drift("Token", "UNKNOWN")), [], [TOKEN],
    ),
    "CloudFormation says nothing of it": (CloudFormation(one_drift("Database", "IN_SYNC")), [], [TOKEN]),
    "yesterday it could be read": (
        CloudFormation(one_drift("Database", "IN_SYNC"), one_drift("Token", "IN_SYNC", hours_ago=24)), [], [TOKEN],
    ),
    "AWS has upgraded the database": (
        CloudFormation(one_drift("Database", "MODIFIED", **UPGRADED), one_drift("Token", "IN_SYNC")), [], [],
    ),
    "something is gone": (
        CloudFormation(one_drift("Database", "IN_SYNC"), one_drift("Token", "DELETED")), ["Token (deleted)"], [],
    ),
    "nothing could be read": (CloudFormation(), [], [INSTANCE, TOKEN]),
    "the stack is being changed": (
        CloudFormation(status="UPDATE_IN_PROGRESS"), [], ["all: UPDATE_IN_PROGRESS"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cloudformation", "drifted", "unknown"), COMPARISONS.values(), ids=COMPARISONS)
def test_drift_detection_results(
    cloudformation: CloudFormation, drifted: list[str], unknown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(*_: str, **__: object) -> CloudFormation:
        return cloudformation

    monkeypatch.setattr(find_drift.boto3, "client", client)
    found = find_drift.handler({}, None)
    assert found["drifted"].get("yawl-dev-cache", []) == drifted
    assert found["not compared"].get("yawl-dev-cache", []) == unknown


class TestRecovery:
    """How old the backups are, and how the last restore test went."""

    @pytest.fixture(autouse=True)
    def deployed(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        account.deploy(
            Vault=resource("AWS::Backup::BackupVault", BackupVaultName="yawl-dev"),
            Plan=resource(
                "AWS::Backup::RestoreTestingPlan",
                RestoreTestingPlanName="yawl_dev",
                ScheduleExpression="cron(0 7 8 * ? *)",
                RecoveryPointSelection={
                    "Algorithm": "LATEST_WITHIN_WINDOW",
                    "IncludeVaults": ["*"],
                    "RecoveryPointTypes": ["SNAPSHOT"],
                },
            ),
        )
        monkeypatch.setenv("VAULTS", f"yawl-dev@{account.place.region}")
        monkeypatch.setenv("RESTORE_TEST", "yawl_dev")

    def test_new_environment_has_a_grace_period(self, account: Account) -> None:
        figures = check_backups.handler({}, None)
        assert figures["HoursSinceBackup"] < 1
        assert figures["DaysSinceRestoreTest"] < 1
        assert figures["FailedRestoreTests"] == 0
        assert measured(account, "HoursSinceBackup") < 1

    def test_backup_is_found(self, account: Account) -> None:
        account.client("backup").start_backup_job(
            BackupVaultName="yawl-dev",
            ResourceArn=f"arn:aws:rds:{account.place.region}:{account.place.account}:db:yawl-dev",
            IamRoleArn="arn:aws:iam::111111111111:role/backup",
        )
        assert check_backups.handler({}, None)["HoursSinceBackup"] < 1

    def test_no_restore_metric_without_restore_testing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RESTORE_TEST", "")
        assert check_backups.handler({}, None).keys() == {"HoursSinceBackup"}

    def test_missing_vault_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VAULTS", "yawl-dev@us-west-2")
        with pytest.raises(Exception, match="not found"):
            check_backups.handler({}, None)


class Backup:
    """Stands for AWS Backup with a history: no emulator has one that is days old."""

    def __init__(self, points: "Points", jobs: "Jobs") -> None:
        self._points = points
        self._jobs = jobs

    def get_paginator(self, operation: str) -> Any:
        points = [{"Status": status, "CreationDate": NOW - timedelta(hours=hours)} for status, hours in self._points]
        jobs = [
            {"CreationDate": NOW - timedelta(days=days), "Status": status, "ValidationStatus": validation}
            for days, status, validation in self._jobs
        ]
        page = {"list_restore_jobs": {"RestoreJobs": jobs}}.get(operation, {"RecoveryPoints": points})

        class Paginator:
            def paginate(self, **_: str) -> list[Any]:
                return [page]

        return Paginator()

    def get_restore_testing_plan(self, **_: str) -> Any:
        plan = {"RestoreTestingPlanArn": "plan", "CreationTime": NOW - timedelta(days=100)}
        return {"RestoreTestingPlan": plan}

    def describe_backup_vault(self, **_: str) -> Any:
        return {"CreationDate": NOW - timedelta(hours=1000)}

    def put_metric_data(self, **_: Any) -> None:
        """Take the figures."""


Points = list[tuple[str, float]]
Jobs = list[tuple[float, str, str]]
HISTORIES: dict[str, tuple[Points, Jobs, tuple[float, float, float]]] = {
    # name: recovery points (state, hours ago), restore jobs (days ago, state, validation); hours, days, failed
    "all is well": ([("COMPLETED", 30), ("COMPLETED", 6)], [(35, "COMPLETED", ""), (4, "COMPLETED", "")], (6, 4, 0)),
    "no backup for days": ([("COMPLETED", 50), ("PARTIAL", 2)], [(4, "COMPLETED", "")], (50, 4, 0)),
    "never a backup": ([], [(4, "COMPLETED", "")], (1000, 4, 0)),
    "the last test failed": ([("COMPLETED", 6)], [(34, "COMPLETED", ""), (4, "FAILED", "")], (6, 34, 1)),
    "it was aborted": ([("COMPLETED", 6)], [(34, "COMPLETED", ""), (4, "ABORTED", "")], (6, 34, 1)),
    "it was found wanting": ([("COMPLETED", 6)], [(34, "COMPLETED", ""), (4, "COMPLETED", "FAILED")], (6, 34, 1)),
    "nobody looked into it": ([("COMPLETED", 6)], [(4, "COMPLETED", "TIMED_OUT")], (6, 4, 0)),
    "a failure that was mended": ([("COMPLETED", 6)], [(34, "FAILED", ""), (4, "COMPLETED", "")], (6, 4, 0)),
    "one that runs": ([("COMPLETED", 6)], [(34, "COMPLETED", ""), (0, "RUNNING", "")], (6, 34, 0)),
    "no test ever": ([("COMPLETED", 6)], [], (6, 100, 0)),
}


@pytest.mark.parametrize(("points", "jobs", "figures"), HISTORIES.values(), ids=HISTORIES)
def test_backup_history_results(
    points: Points,
    jobs: Jobs,
    figures: tuple[float, float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VAULTS", "yawl-dev@eu-west-1")
    monkeypatch.setenv("RESTORE_TEST", "yawl_dev")

    def client(*_: str, **__: object) -> Backup:
        return Backup(points, jobs)

    monkeypatch.setattr(check_backups.boto3, "client", client)
    found = check_backups.handler({}, None)
    assert tuple(round(found[name]) for name in ("HoursSinceBackup", "DaysSinceRestoreTest", "FailedRestoreTests")) == (
        figures
    )


@pytest.mark.parametrize("name", ["find_drift", "check_backups"])
def test_inline_code_fits_the_template_limit(name: str) -> None:
    module = importlib.import_module(f"lambdas.daily_checks.{name}")
    # CloudFormation takes 4 MB since 2022; what stands in a template should still be short.
    assert len(Path(module.__file__ or "").read_text()) <= 8192
