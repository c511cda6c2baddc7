"""What the integration tests make of each answer of AWS: a failure that quotes it, or for drift, a remark."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config

from integration_tests import data_checks, service_checks
from integration_tests.account import sign_in
from integration_tests.account_variables import AccountVariables
from integration_tests.credentials import read_origin_secret
from integration_tests.drift import known_drift
from integration_tests.secret_values import SecretValues
from integration_tests.stack_checks import stacks_are_complete
from integration_tests.task_checks import tasks_run_the_release
from integration_tests.waiting import Deadline
from tests.aws_answers import FakeAws
from tests.aws_calls import LISTS, Absent, Call, Errors, calls, calls_in, sources
from tests.fake_clock import FakeClock

REGION: Final = "us-east-1"
NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RELEASED: Final = "arn:aws:ecs:us-east-1:444444444444:task-definition/yawl-dev:7"
NO_STACK: Final = (400, "ValidationError", "Stack with id yawl-dev-network does not exist")
NO_SECRET: Final = (400, "ResourceNotFoundException", "no such secret")
STACK: Final = {
    "StackName": "yawl-dev-network",
    "StackStatus": "CREATE_COMPLETE",
    "CreationTime": NOON,
    "DriftInformation": {"StackDriftStatus": "DRIFTED", "LastCheckTimestamp": datetime.now(UTC)},
}
VALUES: Final[Mapping[str, Any]] = {
    "assume_role": {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}},
    "describe_stacks": {"Stacks": [STACK]},
    "describe_stack_resource_drifts": {"StackResourceDrifts": []},
    "get_secret_value": {"SecretString": "hidden"},
    "describe_target_health": {"TargetHealthDescriptions": []},
    "describe_services": {"services": []},
    "describe_alarms": {"MetricAlarms": [], "CompositeAlarms": []},
    "describe_task_definition": {"taskDefinition": {"containerDefinitions": [{"name": "yawl", "image": "yawl:6"}]}},
    "list_tasks": {"taskArns": ["task"]},
    "describe_tasks": {"tasks": []},
    "describe_db_instances": {
        "DBInstances": [
            {
                "DBInstanceStatus": "available",
                "StorageEncrypted": True,
                "MultiAZ": True,
                "BackupRetentionPeriod": 7,
                "DeletionProtection": True,
                "DBParameterGroups": [{"DBParameterGroupName": "group", "ParameterApplyStatus": "in-sync"}],
                "MasterUserSecret": {"SecretArn": "arn", "SecretStatus": "active"},
            }
        ]
    },
    "describe_db_parameters": {"Parameters": [{"ParameterName": "rds.force_ssl", "ParameterValue": "1"}]},
    "describe_secret": {"RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": 30}},
    "describe_replication_groups": {"ReplicationGroups": []},
}


def deadline() -> Deadline:
    return Deadline(seconds=0.02, first_pause=0.01, longest_pause=0.01, clock=FakeClock())


def client(service: str) -> Any:
    session: Any = boto3.Session(region_name=REGION)
    return session.client(service, config=Config(retries={"mode": "adaptive", "total_max_attempts": 3}))


def signed_in() -> Any:
    variables: Any = type("Variables", (), dict.fromkeys(AccountVariables.__annotations__))()
    variables.region, variables.integration_test_role_arn = REGION, "arn:aws:iam::444444444444:role/tests"
    return sign_in(variables, environment="dev", deadline=deadline())


def database() -> Any:
    return data_checks.database_matches_settings(
        client("rds"),
        identifier="yawl",
        multi_az=True,
        backup_days=7,
        deletion_protection=True,
        region=REGION,
        deadline=deadline(),
    )


def password() -> Any:
    return data_checks.password_is_rotated(
        client("rds"), client("secretsmanager"), database="yawl", every_days=30, region=REGION, deadline=deadline()
    )


def cache() -> Any:
    return data_checks.cache_matches_settings(
        client("elasticache"),
        identifier="yawl",
        multi_az=True,
        nodes=2,
        snapshot_days=1,
        region=REGION,
        deadline=deadline(),
    )


def tasks() -> Any:
    return tasks_run_the_release(
        client("ecs"),
        cluster="yawl",
        service="engine",
        task_definition_arn=RELEASED,
        region=REGION,
        deadline=deadline(),
    )


def service() -> Any:
    return service_checks.service_is_stable(
        client("ecs"),
        cluster="yawl",
        service="engine",
        task_definition_arn=RELEASED,
        region=REGION,
        deadline=deadline(),
    )


def targets() -> Any:
    return service_checks.targets_are_healthy(
        client("elbv2"), target_group_arn="group", region=REGION, deadline=deadline()
    )


def counted() -> int:
    return service_checks.count_healthy_targets(
        client("elbv2"), target_group_arn="group", region=REGION, deadline=deadline()
    )


def alarms() -> Any:
    return service_checks.no_alarm_is_active(
        client("cloudwatch"), name_prefix="yawl-dev-", region=REGION, deadline=deadline()
    )


def secret() -> Any:
    return read_origin_secret(
        client("secretsmanager"), arn="arn", region=REGION, secret_values=SecretValues(), deadline=deadline()
    )


def stacks() -> Any:
    return stacks_are_complete(client("cloudformation"), names=["yawl-dev-network"], region=REGION, deadline=deadline())


def drift() -> Any:
    return known_drift(client("cloudformation"), names=["yawl-dev-network"], region=REGION)


FAILS: Final = "^CheckFailed: .*{code}"


def of_file(file: str, run: Callable[[], Any], error: str = FAILS, **absent: Absent) -> list[Call]:
    return calls(f"integration_tests/{file}.py", run, VALUES, Errors(error), **absent)


ROWS: Final[list[Call]] = [
    # STS denies a role that does not exist.
    *of_file("account", signed_in, "^CheckFailed: Cannot sign in .*{code}", assume_role=LISTS),
    *of_file("credentials", secret, get_secret_value=(NO_SECRET, "^CheckFailed: .*ResourceNotFoundException")),
    *of_file(
        "data_checks",
        database,
        describe_db_instances=((404, "DBInstanceNotFound", "no such database"), "^CheckFailed: .*DBInstanceNotFound"),
        describe_db_parameters=({"Parameters": []}, "^CheckFailed: .*connections without TLS"),
    ),
    *of_file("data_checks", password, describe_secret=(NO_SECRET, "^CheckFailed: .*ResourceNotFoundException")),
    *of_file(
        "data_checks",
        cache,
        describe_replication_groups=((404, "ReplicationGroupNotFoundFault", "none"), "^CheckFailed: .*NotFoundFault"),
    ),
    *of_file(
        "service_checks",
        targets,
        describe_target_health=((400, "TargetGroupNotFound", "none"), "^CheckFailed: .*TargetGroupNotFound"),
    ),
    *of_file(
        "service_checks",
        counted,
        describe_target_health=({"TargetHealthDescriptions": []}, "^0"),
    ),
    *of_file(
        "service_checks",
        service,
        describe_services=(
            {"services": [], "failures": [{"reason": "MISSING"}]},
            "^CheckFailed: .*the service was not found: MISSING",
        ),
    ),
    *of_file(
        "service_checks",
        alarms,
        describe_alarms=({"MetricAlarms": [], "CompositeAlarms": []}, "^CheckFailed: .*no alarm has this prefix"),
    ),
    *of_file("stack_checks", stacks, describe_stacks=(NO_STACK, "^CheckFailed: .*does not exist")),
    *of_file(
        "task_checks",
        tasks,
        describe_task_definition=((400, "ClientException", "Unable to describe it"), "^CheckFailed: .*Unable to"),
        list_tasks=({"taskArns": []}, "^CheckFailed: .*no task is running"),
        describe_tasks=({"tasks": [], "failures": [{"reason": "MISSING"}]}, "^CheckFailed: .*no task is running"),
    ),
    # Drift fails no release, so its errors are remarks.
    *of_file(
        "drift",
        drift,
        r"^Drift\(summary='drift: 1 unknown \(.*remarks=\(.the drift of yawl-dev-network is unknown: .*{code}",
        describe_stacks=(NO_STACK, "drift: 1 unknown .*does not exist"),
        describe_stack_resource_drifts=({"StackResourceDrifts": []}, "drift: 1 changed by AWS only"),
    ),
]
CASES: Final = [(row, kind) for row in ROWS for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.file}-{row.operation}-{kind}" for row, kind in CASES])
def test_answers_are_told_apart(row: Call, kind: str, aws: FakeAws) -> None:
    row.check(kind, aws)


def test_every_call_has_a_row() -> None:
    assert calls_in(sources("integration_tests")) == {(row.file, row.operation) for row in ROWS}
