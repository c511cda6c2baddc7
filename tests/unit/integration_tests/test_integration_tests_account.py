"""The checks that read the account: what AWS says, and the faults that they find in it, one by one and together."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError

from integration_tests.credentials import read_engine_credentials, read_origin_secret
from integration_tests.data_checks import (
    SERVING_CACHE,
    SERVING_DATABASE,
    cache_matches_settings,
    database_matches_settings,
    password_is_rotated,
)
from integration_tests.drift import known_drift, real_differences
from integration_tests.failure import CheckFailed
from integration_tests.secret_values import SecretValues
from integration_tests.stack_checks import COMPLETE_STATES, stacks_are_complete
from integration_tests.task_checks import tasks_run_the_release
from tests.unit.integration_tests.in_memory_client import fake_deadline

REGION = "eu-central-1"
RELEASED, OTHER = f"sha256:{'0a' * 32}", f"sha256:{'0b' * 32}"
DEFINITION = f"arn:aws:ecs:{REGION}:111111111111:task-definition/yawl-dev:7"
OLD = f"arn:aws:ecs:{REGION}:111111111111:task-definition/yawl-dev:6"
IMAGE = f"111111111111.dkr.ecr.{REGION}.amazonaws.com/yawl"
SECRET = f"arn:aws:secretsmanager:{REGION}:111111111111:secret:yawl"
MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

Changes = dict[str, Any]


class Fake:
    """A client of AWS: each operation has one answer, which is a function or a value. `asked` holds the parameters."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.asked.append((operation, parameters))
            answer = self._answers[operation]
            return copy.deepcopy(answer(**parameters) if callable(answer) else answer)

        return call

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, operation))


def refused(code: str, operation: str = "DescribeThings") -> Callable[..., Any]:
    def answer(**_: Any) -> Any:
        error: Any = {"Error": {"Code": code, "Message": f"told why {code}"}, "ResponseMetadata": {"RequestId": "r-1"}}
        raise ClientError(error, operation)

    return answer


def failure_of(check: Callable[[], object]) -> str:
    with pytest.raises(CheckFailed) as failure:
        check()
    return str(failure.value)


DATABASE: Changes = {
    "DBInstanceStatus": "available",
    "StorageEncrypted": True,
    "MultiAZ": True,
    "BackupRetentionPeriod": 30,
    "DeletionProtection": True,
    "DBParameterGroups": [{"DBParameterGroupName": "yawl", "ParameterApplyStatus": "in-sync"}],
    "PendingModifiedValues": {"EngineVersion": None, "PendingCloudwatchLogsExports": {}},
    "MasterUserSecret": {"SecretArn": SECRET, "SecretStatus": "active"},
}
FORCED = {"ParameterName": "rds.force_ssl", "ParameterValue": "1"}


def database(parameters: list[Changes] | None = None, **changes: Any) -> Fake:
    pages = [{"Parameters": [{"ParameterName": "other", "ParameterValue": "0"}]}]
    pages.append({"Parameters": [FORCED] if parameters is None else parameters})
    return Fake(describe_db_instances={"DBInstances": [DATABASE | changes]}, describe_db_parameters=pages)


def check_database(rds: Fake, **settings: Any) -> None:
    asked: dict[str, Any] = {"multi_az": True, "backup_days": 30, "deletion_protection": True} | settings
    database_matches_settings(rds, identifier="yawl-dev", region=REGION, deadline=fake_deadline(), **asked)


@pytest.mark.parametrize("status", SERVING_DATABASE)
def test_database_that_serves_passes(status: str) -> None:
    rds = database(DBInstanceStatus=status)
    check_database(rds)
    assert rds.asked[0] == ("describe_db_instances", {"DBInstanceIdentifier": "yawl-dev"})
    assert rds.asked[1] == ("describe_db_parameters", {"DBParameterGroupName": "yawl", "Source": "user"})
    check_database(database(MultiAZ=False), multi_az=False)
    check_database(database(DeletionProtection=False), deletion_protection=False)


@pytest.mark.parametrize(
    ("rds", "fault"),
    [
        (database(DBInstanceStatus="storage-full"), "its status is storage-full"),
        (database(StorageEncrypted=False), "its storage is not encrypted"),
        (database([]), "it accepts connections without TLS (rds.force_ssl is not 1)"),
        (database([FORCED | {"ParameterValue": "0"}]), "it accepts connections without TLS"),
        (database([{"ParameterName": "rds.force_ssl"}]), "it accepts connections without TLS"),
        (database(MultiAZ=False), "Multi-AZ: off, delivery.toml says on"),
        (database(BackupRetentionPeriod=29), "days of backups: 29, delivery.toml says 30"),
        (database(BackupRetentionPeriod=31), "days of backups: 31, delivery.toml says 30"),
        (database(DeletionProtection=False), "deletion protection: off, delivery.toml says on"),
        (
            database(
                DBParameterGroups=[
                    *DATABASE["DBParameterGroups"],
                    {"DBParameterGroupName": "more", "ParameterApplyStatus": "pending-reboot"},
                ]
            ),
            "parameter group more is pending-reboot",
        ),
        (
            database(PendingModifiedValues={"MasterUserPassword": "never shown", "Iops": 1}),
            "modifications wait for the maintenance window: Iops, MasterUserPassword",
        ),
    ],
)
def test_database_fault(rds: Fake, fault: str) -> None:
    text = failure_of(lambda: check_database(rds))
    assert f" x {fault}" in text
    assert "never shown" not in text
    assert "Multi-AZ on, 30 days of backups, deletion protection on, no pending" in text
    assert f"aws rds describe-db-instances --region {REGION} --db-instance-identifier yawl-dev" in text


def test_every_database_fault_is_listed() -> None:
    rds = database([], DBInstanceStatus="stopped", StorageEncrypted=False, MultiAZ=False)
    text = failure_of(lambda: check_database(rds))
    assert "its status is stopped; its storage is not encrypted; it accepts connections without TLS" in text


CACHE: Changes = {
    "Status": "available",
    "AtRestEncryptionEnabled": True,
    "TransitEncryptionEnabled": True,
    "AuthTokenEnabled": True,
    "MultiAZ": "enabled",
    "MemberClusters": ["one", "two"],
    "SnapshotRetentionLimit": 7,
}


def cache(*without: str, **changes: Any) -> Fake:
    group = {name: value for name, value in (CACHE | changes).items() if name not in without}
    return Fake(describe_replication_groups={"ReplicationGroups": [group]})


def check_cache(elasticache: Fake, *, multi_az: bool = True, nodes: int = 2, snapshot_days: int = 7) -> None:
    cache_matches_settings(
        elasticache,
        identifier="yawl-dev-cache",
        multi_az=multi_az,
        nodes=nodes,
        snapshot_days=snapshot_days,
        region=REGION,
        deadline=fake_deadline(),
    )


@pytest.mark.parametrize("status", SERVING_CACHE)
def test_cache_that_serves_passes(status: str) -> None:
    elasticache = cache(Status=status, TransitEncryptionMode="required")
    check_cache(elasticache)
    assert elasticache.asked == [("describe_replication_groups", {"ReplicationGroupId": "yawl-dev-cache"})]
    check_cache(cache("MultiAZ"), multi_az=False)
    check_cache(cache("SnapshotRetentionLimit"), snapshot_days=0)


@pytest.mark.parametrize(
    ("elasticache", "fault"),
    [
        (cache(Status="modifying"), "its status is modifying"),
        (cache("AtRestEncryptionEnabled"), "it is not encrypted at rest"),
        (cache("TransitEncryptionEnabled"), "it accepts connections without TLS"),
        (cache(TransitEncryptionMode="preferred"), "it accepts connections without TLS"),
        (cache(AuthTokenEnabled=False), "it requires no auth token"),
        (cache(MultiAZ="disabled"), "Multi-AZ: off, delivery.toml says on"),
        (cache(MemberClusters=["one"]), "nodes: 1, delivery.toml says 2"),
        (cache(SnapshotRetentionLimit=6), "days of snapshots: 6, delivery.toml says 7"),
        (cache("SnapshotRetentionLimit"), "days of snapshots: 0, delivery.toml says 7"),
        (cache(PendingModifiedValues={"AuthTokenStatus": "SETTING"}), "maintenance window: AuthTokenStatus"),
    ],
)
def test_cache_fault(elasticache: Fake, fault: str) -> None:
    text = failure_of(lambda: check_cache(elasticache))
    assert f" x {fault}" in text or f" {fault}" in text
    assert "an auth token, Multi-AZ on, 2 nodes, 7 days of snapshots" in text
    assert f"describe-replication-groups --region {REGION} --replication-group-id yawl-dev-cache" in text


ROTATED = {"RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": 30}}


def check_rotation(rds: Fake, secret: Any = None) -> Fake:
    secretsmanager = Fake(describe_secret=ROTATED if secret is None else secret)
    password_is_rotated(
        rds, secretsmanager, database="yawl-dev", every_days=30, region=REGION, deadline=fake_deadline()
    )
    return secretsmanager


def test_rotated_password_passes() -> None:
    assert check_rotation(database()).asked == [("describe_secret", {"SecretId": SECRET})]
    check_rotation(database(MasterUserSecret={"SecretArn": SECRET, "SecretStatus": "rotating"}))


@pytest.mark.parametrize(
    ("changes", "secret", "fault"),
    [
        ({"MasterUserSecret": None}, None, "RDS does not manage the password"),
        ({}, {"RotationRules": {"AutomaticallyAfterDays": 30}}, "rotation is off"),
        ({}, {"RotationEnabled": False}, "rotation is off"),
        ({}, {"RotationEnabled": True}, "days between rotations: None, delivery.toml says 30"),
        (
            {},
            {"RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": 31}},
            "days between rotations: 31, delivery.toml says 30",
        ),
        (
            {"MasterUserSecret": {"SecretArn": SECRET, "SecretStatus": "impaired"}},
            {},
            "RDS cannot change the password: its secret is impaired; rotation is off",
        ),
    ],
)
def test_rotation_fault(changes: Changes, secret: Any, fault: str) -> None:
    text = failure_of(lambda: check_rotation(database(**changes), secret))
    assert f" x {fault}" in text
    described = f"aws secretsmanager describe-secret --region {REGION} --secret-id {SECRET}"
    assert (described in text) == bool(changes.get("MasterUserSecret", True))
    assert "rotation on, every 30 days" in text


def stacks(**states: str) -> Fake:
    def describe(StackName: str) -> Any:  # noqa: N803  # as boto3 calls it
        return {"Stacks": [{"StackName": StackName, "StackStatus": states[StackName], "StackStatusReason": "of this"}]}

    return Fake(describe_stacks=describe)


def check_stacks(cloudformation: Fake, *names: str) -> None:
    stacks_are_complete(cloudformation, names=names, region=REGION, deadline=fake_deadline())


def test_complete_stacks_pass() -> None:
    assert "ROLLBACK_COMPLETE" not in COMPLETE_STATES
    states = {f"stack{number}": state for number, state in enumerate(COMPLETE_STATES)}
    check_stacks(stacks(**states), *states)


@pytest.mark.parametrize(
    "state", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS", "DELETE_COMPLETE", "CREATE_FAILED"]
)
def test_incomplete_stack(state: str) -> None:
    text = failure_of(lambda: check_stacks(stacks(one="CREATE_COMPLETE", two=state), "one", "two"))
    assert f" x two is {state}\n" in text
    assert "two: of this" in text
    assert "DescribeStacks of one, two in eu-central-1" in text
    assert f"aws cloudformation describe-stack-events --region {REGION} --stack-name two" in text
    assert "--stack-name one" not in text


def ecs(*running: Changes, image: str = f"{IMAGE}@{RELEASED}") -> Fake:
    arns = [one["taskArn"] for one in running]

    def describe(tasks: list[str], **_: Any) -> Any:
        return {"tasks": [one for one in running if one["taskArn"] in tasks]}

    return Fake(
        describe_task_definition={"taskDefinition": {"containerDefinitions": [{"name": "yawl", "image": image}]}},
        list_tasks=[{"taskArns": arns[:1]}, {"taskArns": arns[1:]}],
        describe_tasks=describe,
    )


def task(
    number: int, *, digest: str | None = RELEASED, definition: str = DEFINITION, status: str = "RUNNING"
) -> Changes:
    container = {"name": "yawl"} if digest is None else {"name": "yawl", "imageDigest": digest}
    return {
        "taskArn": f"arn:aws:ecs:{REGION}:111111111111:task/yawl-dev/{number}",
        "taskDefinitionArn": definition,
        "lastStatus": status,
        "containers": [container, {"name": "aws-guardduty-agent", "imageDigest": OTHER}],
    }


def check_tasks(client: Fake) -> str:
    return tasks_run_the_release(
        client,
        cluster="yawl-dev",
        service="engine",
        task_definition_arn=DEFINITION,
        region=REGION,
        deadline=fake_deadline(),
    )


def test_tasks_of_the_release() -> None:
    stopped = task(3, digest=OTHER, definition=OLD, status="STOPPED")
    client = ecs(task(1), task(2), stopped)
    assert check_tasks(client) == f"yawl: 2 with the released digest {RELEASED[:19]}"
    assert client.asked[0] == ("describe_task_definition", {"taskDefinition": DEFINITION})
    assert client.asked[1] == ("list_tasks", {"cluster": "yawl-dev", "serviceName": "engine"})
    tagged = check_tasks(ecs(task(1, digest=OTHER), task(2, digest=OTHER), image=f"{IMAGE}:6.1.0"))
    assert tagged == f"yawl: 2 with digest {OTHER[:19]}; the release names only the tag 6.1.0"


@pytest.mark.parametrize(
    ("client", "fault"),
    [
        (ecs(), "no task is running; no task has the container yawl"),
        (ecs(task(1), task(2, definition=OLD)), "1 of 2 tasks use another task definition: yawl-dev:6"),
        (ecs(task(1), task(2, digest=OTHER)), f"1 of 2 tasks run another image of yawl than {RELEASED[:19]}"),
        (ecs(task(1), task(2, digest=None)), "1 of 2 tasks do not report the image digest of yawl"),
        (ecs(task(1), task(2, digest=OTHER), image=f"{IMAGE}:6.1.0"), "tasks run 2 different images of yawl"),
    ],
)
def test_tasks_of_another_release(client: Fake, fault: str) -> None:
    text = failure_of(lambda: check_tasks(client))
    assert f" x {fault}\n" in text
    assert "every task uses yawl-dev:7 and its image digest" in text


def drifted(
    *differences: Changes, kind: str = "AWS::SQS::Queue", status: str = "MODIFIED", expected: str = "{}"
) -> Changes:
    return {
        "LogicalResourceId": "Queue",
        "ResourceType": kind,
        "StackResourceDriftStatus": status,
        "ExpectedProperties": expected,
        "PropertyDifferences": list(differences),
    }


def difference(path: str, actual: str = "2", expected: str = "1", kind: str = "NOT_EQUAL") -> Changes:
    return {"PropertyPath": path, "ActualValue": actual, "ExpectedValue": expected, "DifferenceType": kind}


def drift_of(status: str | None, *drifts: Changes, checked: datetime | None = MOMENT) -> tuple[str, tuple[str, ...]]:
    information = {"StackDriftStatus": status} | ({"LastCheckTimestamp": checked} if checked else {})
    stack = {"CreationTime": MOMENT - timedelta(days=1), "DriftInformation": information if status else {}}
    pages = [{"StackResourceDrifts": list(drifts[:1]), "NextToken": "2"}, {"StackResourceDrifts": list(drifts[1:])}]

    def describe(NextToken: str = "", **_: Any) -> Any:  # noqa: N803  # as boto3 calls it
        return pages[bool(NextToken)]

    client = Fake(describe_stacks={"Stacks": [stack]}, describe_stack_resource_drifts=describe)
    found = known_drift(client, names=["one"], region=REGION)
    return found.summary, found.remarks


def test_known_drift() -> None:
    assert drift_of("IN_SYNC") == ("drift: 1 in sync", ())
    assert drift_of("NOT_CHECKED") == drift_of(None) == ("drift: 1 never checked", ())
    before = MOMENT - timedelta(days=1)
    assert drift_of("DRIFTED", checked=before) == ("drift: 1 drifted before the last change", ())
    assert drift_of("DRIFTED", checked=None) == ("drift: 1 drifted before the last change", ())
    upgraded = drifted(
        difference("/EngineVersion", '"16.5"', '"16.4"'),
        kind="AWS::RDS::DBInstance",
        expected='{"AutoMinorVersionUpgrade": true}',
    )
    assert drift_of("DRIFTED", upgraded) == ("drift: 1 changed by AWS only", ())
    summary, [remark] = drift_of(
        "DRIFTED", upgraded, drifted(difference("/A"), difference("/B")), drifted(status="DELETED")
    )
    assert summary == "drift: 1 drifted"
    assert remark == (
        "one has drifted, detected at 2026-11-22 12:00:00+0000: Queue (/A, /B), Queue (deleted); "
        f"aws cloudformation describe-stack-resource-drifts --region {REGION} --stack-name one"
    )


def test_unknown_drift_is_a_remark() -> None:
    found = known_drift(Fake(describe_stacks=refused("AccessDenied")), names=["one", "two"], region=REGION)
    assert found.summary == "drift: 2 unknown (AccessDenied)"
    assert found.remarks[0].startswith("the drift of one is unknown: An error occurred (AccessDenied)")

    def silent(**_: Any) -> Any:
        raise ConnectTimeoutError(endpoint_url="https://example")

    found = known_drift(Fake(describe_stacks=silent), names=["one"], region=REGION)
    assert found.summary == "drift: 1 unknown (ConnectTimeoutError)"


@pytest.mark.parametrize(
    ("drift", "real"),
    [
        (drifted(difference("/A")), ["/A"]),
        (drifted(difference("/A", '{"a": 1}', '{"a": 1}')), []),
        (drifted(difference("/A", '{"a": 1, "b": 2}', '{"a": 1}')), ["/A"]),
        (drifted(difference("/A", '[{"a": 1, "b": 2}]', '[{"a": 1}]')), []),
        (drifted(difference("/A", '[{"b": 2}]', '[{"a": 1}]')), ["/A"]),
        (drifted(difference("/A", "[1, 2]", "[1]")), ["/A"]),
        (drifted(difference("/A/0/B", kind="ADD")), []),
        (drifted(difference("/A/0", kind="ADD")), ["/A/0"]),
        (drifted(difference("/A/B", kind="ADD")), ["/A/B"]),
        (drifted(difference("/A", "not JSON", "not JSON")), []),
        (drifted(difference("/EngineVersion", "16.5", "16.4"), kind="AWS::RDS::DBInstance"), ["/EngineVersion"]),
        (
            drifted(
                difference("/EngineVersion", '"17.1"', '"16.4"'),
                kind="AWS::RDS::DBInstance",
                expected='{"AutoMinorVersionUpgrade": "true"}',
            ),
            ["/EngineVersion"],
        ),
        (
            drifted(
                difference("/AllocatedStorage", "200", "100"),
                kind="AWS::RDS::DBInstance",
                expected='{"MaxAllocatedStorage": 500}',
            ),
            [],
        ),
        (
            drifted(
                difference("/EngineVersion", '"7.2"', '"7.1"'),
                kind="AWS::ElastiCache::ReplicationGroup",
                expected='{"AutoMinorVersionUpgrade": "false"}',
            ),
            ["/EngineVersion"],
        ),
    ],
)
def test_real_differences(drift: Changes, real: list[str]) -> None:
    assert real_differences(drift) == real


def read(reader: Callable[..., Any], answer: Any) -> Any:
    secret_values = SecretValues()
    found = reader(
        Fake(get_secret_value=answer), arn=SECRET, region=REGION, secret_values=secret_values, deadline=fake_deadline()
    )
    return found, secret_values


def test_secrets_are_read_and_masked() -> None:
    found, secret_values = read(read_origin_secret, {"SecretString": "of the origin"})
    assert found == "of the origin"
    assert secret_values.hide("it is of the origin") == "it is ***"
    found, secret_values = read(read_engine_credentials, {"SecretString": '{"username": "a", "password": "bcdef"}'})
    assert (found.username, found.password) == ("a", "bcdef")
    for secret in ("bcdef", found.encoded_password):
        assert secret_values.hide(f"it is {secret}!") == "it is ***!"


@pytest.mark.parametrize(
    ("reader", "text", "meaning"),
    [
        (read_origin_secret, "", "a value"),
        *[
            (read_engine_credentials, text, "JSON with username and password")
            for text in ("hidden", '{"username": "hidden"}', '["hidden"]', '{"username": "hidden", "password": 7}', "")
        ],
    ],
)
def test_secret_of_another_form(reader: Callable[..., Any], text: str, meaning: str) -> None:
    failure = failure_of(lambda: read(reader, {"SecretString": text}))
    assert f"1 x the secret is not {meaning}" in failure
    assert "once" in failure
    assert "hidden" not in failure
    assert f"asked   secretsmanager:GetSecretValue of {SECRET}" in failure


CHECKS: dict[str, tuple[str, Callable[[Fake], object]]] = {
    "database": ("describe_db_instances", check_database),
    "cache": ("describe_replication_groups", check_cache),
    "rotation": ("describe_db_instances", check_rotation),
    "stacks": ("describe_stacks", lambda client: check_stacks(client, "one")),
    "tasks": ("describe_task_definition", check_tasks),
    "secret": (
        "get_secret_value",
        lambda client: read_origin_secret(
            client, arn=SECRET, region=REGION, secret_values=SecretValues(), deadline=fake_deadline()
        ),
    ),
}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("code", ["AccessDenied", "ThrottlingException", "DBInstanceNotFound", "InternalFailure"])
def test_errors_of_aws_are_faults_by_their_code(name: str, code: str) -> None:
    operation, check = CHECKS[name]
    text = failure_of(partial(check, Fake(**{operation: refused(code)})))
    assert f" x {code} from DescribeThings" in text
    assert f"told why {code}" in text
    assert "request id r-1" in text


@pytest.mark.parametrize("name", CHECKS)
def test_missing_credentials_end_a_check_at_once(name: str) -> None:
    def nobody(**_: Any) -> Any:
        raise NoCredentialsError

    operation, check = CHECKS[name]
    client = Fake(**{operation: nobody})
    assert "Unable to locate credentials" in failure_of(partial(check, client))
    assert len(client.asked) == 1


@pytest.mark.parametrize("name", CHECKS)
def test_silence_of_aws_is_a_fault(name: str) -> None:
    def silent(**_: Any) -> Any:
        raise ConnectTimeoutError(endpoint_url="https://example")

    operation, check = CHECKS[name]
    assert " x ConnectTimeoutError" in failure_of(partial(check, Fake(**{operation: silent})))


def test_wanted_state_may_be_reached_late() -> None:
    answers = iter(["creating", "modifying", "available"])

    def describe(**_: Any) -> Any:
        return {"DBInstances": [DATABASE | {"DBInstanceStatus": next(answers)}]}

    check_database(Fake(describe_db_instances=describe, describe_db_parameters=[{"Parameters": [FORCED]}]))
