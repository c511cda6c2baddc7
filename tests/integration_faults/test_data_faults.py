"""Faults of the database and the cache in the account, and the tests that detect them."""

import json
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.integration_faults.account_cases import Case, Cause, fault, no_change, tolerated
from tests.integration_faults.altered_answers import altered
from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.integration_faults.matrix import Recorder

DATABASE = "test_database_matches_settings"
CACHE = "test_cache_matches_settings"
ROTATION = "test_password_is_rotated"
SECOND = "second"
"""Name of a second database or cache that has the fault."""


@contextmanager
def readable(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
    """Let the tests' role read `SECOND`; the templates allow only the environment's own resources."""
    assert dev.variables.integration_test_role_arn
    role, policy = dev.variables.integration_test_role_arn.rpartition("/")[2], "reads-the-second"
    actions = ["rds:Describe*", "elasticache:Describe*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    iam = dev.owner("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)


@contextmanager
def second_database(
    dev: EnvironmentUnderTest, *, encrypted: bool = True, tls: bool = True
) -> Generator[None, None, None]:
    """Create a copy of the environment's database with some differences."""
    rds = dev.owner("rds")
    [own] = rds.describe_db_instances(DBInstanceIdentifier=dev.variables.database_id)["DBInstances"]
    groups = [group["DBParameterGroupName"] for group in own["DBParameterGroups"]]
    if not tls:
        rds.create_db_parameter_group(
            DBParameterGroupName=SECOND, DBParameterGroupFamily="postgres15", Description="Asks for nothing"
        )
    rds.create_db_instance(
        DBInstanceIdentifier=SECOND,
        DBInstanceClass=own["DBInstanceClass"],
        Engine=own["Engine"],
        AllocatedStorage=own["AllocatedStorage"],
        MasterUsername=own["MasterUsername"],
        ManageMasterUserPassword=True,
        BackupRetentionPeriod=own["BackupRetentionPeriod"],
        StorageEncrypted=encrypted,
        DBParameterGroupName=groups[0] if tls else SECOND,
    )
    try:
        with readable(dev):
            yield
    finally:
        rds.delete_db_instance(DBInstanceIdentifier=SECOND, SkipFinalSnapshot=True)
        if not tls:
            rds.delete_db_parameter_group(DBParameterGroupName=SECOND)


@contextmanager
def second_cache(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
    """Create an unencrypted cache."""
    elasticache = dev.owner("elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId=SECOND,
        ReplicationGroupDescription="Not encrypted",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=dev.variables.cache_nodes,
        SnapshotRetentionLimit=dev.variables.cache_snapshot_days,
        AtRestEncryptionEnabled=False,
        TransitEncryptionEnabled=False,
    )
    try:
        with readable(dev):
            yield
    finally:
        elasticache.delete_replication_group(ReplicationGroupId=SECOND)


@contextmanager
def pending_class(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
    with second_database(dev):
        dev.owner("rds").modify_db_instance(DBInstanceIdentifier=SECOND, DBInstanceClass="db.t3.large")
        yield


def with_database(**changed: object) -> Cause:
    return lambda dev: altered(
        dev.account.rds, "DescribeDBInstances", lambda answer: answer["DBInstances"][0].update(changed)
    )


def with_cache(**changed: object) -> Cause:
    return lambda dev: altered(
        dev.account.elasticache,
        "DescribeReplicationGroups",
        lambda answer: answer["ReplicationGroups"][0].update(changed),
    )


def with_secret(**changed: object) -> Cause:
    return lambda dev: altered(dev.account.secretsmanager, "DescribeSecret", lambda answer: answer.update(changed))


def impaired_secret(dev: EnvironmentUnderTest) -> AbstractContextManager[None]:
    return altered(
        dev.account.rds,
        "DescribeDBInstances",
        lambda answer: answer["DBInstances"][0]["MasterUserSecret"].update(SecretStatus="impaired"),
    )


def pending_parameter(dev: EnvironmentUnderTest) -> AbstractContextManager[None]:
    return altered(
        dev.account.rds,
        "DescribeDBInstances",
        lambda answer: answer["DBInstances"][0]["DBParameterGroups"][0].update(ParameterApplyStatus="pending-reboot"),
    )


@pytest.mark.parametrize(
    "case",
    [
        fault(
            "the database's storage is not encrypted",
            caught_by=DATABASE,
            cause=lambda dev: second_database(dev, encrypted=False),
            check=lambda dev: dev.database(identifier=SECOND),
            healthy=EnvironmentUnderTest.database,
            message=" x its storage is not encrypted\n",
        ),
        fault(
            "the database takes connections without TLS",
            caught_by=DATABASE,
            cause=lambda dev: second_database(dev, tls=False),
            check=lambda dev: dev.database(identifier=SECOND),
            healthy=EnvironmentUnderTest.database,
            message=" x it accepts connections without TLS (rds.force_ssl is not 1)\n",
        ),
        fault(
            "the database is in one zone where two are asked for",
            caught_by=DATABASE,
            cause=no_change,
            check=lambda dev: dev.database(multi_az=True),
            healthy=EnvironmentUnderTest.database,
            message="Multi-AZ: off, delivery.toml says on",
        ),
        fault(
            "backups are kept for a shorter time than asked for",
            caught_by=DATABASE,
            cause=no_change,
            check=lambda dev: dev.database(backup_days=30),
            healthy=EnvironmentUnderTest.database,
            message="days of backups: 7, delivery.toml says 30",
        ),
        fault(
            "the database may be deleted where its data is to be retained",
            caught_by=DATABASE,
            cause=no_change,
            check=lambda dev: dev.database(deletion_protection=True),
            healthy=EnvironmentUnderTest.database,
            message="deletion protection: off, delivery.toml says on",
        ),
        fault(
            "a modification of the database waits for its window",
            caught_by=DATABASE,
            cause=pending_class,
            check=lambda dev: dev.database(identifier=SECOND),
            healthy=EnvironmentUnderTest.database,
            message="modifications wait for the maintenance window: DBInstanceClass",
        ),
        fault(
            "a parameter of the database waits for a reboot",
            caught_by=DATABASE,
            cause=pending_parameter,
            check=EnvironmentUnderTest.database,
            message="is pending-reboot",
        ),
        fault(
            "the database is full",
            caught_by=DATABASE,
            cause=with_database(DBInstanceStatus="storage-full"),
            check=EnvironmentUnderTest.database,
            message="its status is storage-full",
        ),
        fault(
            "the password is not rotated",
            caught_by=ROTATION,
            cause=with_secret(RotationEnabled=False),
            check=EnvironmentUnderTest.rotation,
            message="rotation is off",
        ),
        fault(
            "the password is rotated at other times than asked for",
            caught_by=ROTATION,
            cause=no_change,
            check=lambda dev: dev.rotation(every_days=7),
            healthy=EnvironmentUnderTest.rotation,
            message="days between rotations: 30, delivery.toml says 7",
        ),
        fault(
            "RDS cannot change the password any more",
            caught_by=ROTATION,
            cause=impaired_secret,
            check=EnvironmentUnderTest.rotation,
            message="its secret is impaired",
        ),
        fault(
            "the cache is not encrypted at rest",
            caught_by=CACHE,
            cause=second_cache,
            check=lambda dev: dev.cache(identifier=SECOND),
            healthy=EnvironmentUnderTest.cache,
            message="it is not encrypted at rest",
        ),
        fault(
            "the cache takes connections without TLS",
            caught_by=CACHE,
            cause=second_cache,
            check=lambda dev: dev.cache(identifier=SECOND),
            healthy=EnvironmentUnderTest.cache,
            message="it accepts connections without TLS; it requires no auth token",
        ),
        fault(
            "the cache is in one zone where two are asked for",
            caught_by=CACHE,
            cause=no_change,
            check=lambda dev: dev.cache(multi_az=True, nodes=2),
            healthy=EnvironmentUnderTest.cache,
            message="Multi-AZ: off, delivery.toml says on; nodes: 1, delivery.toml says 2",
        ),
        fault(
            "the cache keeps no snapshots",
            caught_by=CACHE,
            cause=with_cache(SnapshotRetentionLimit=0),
            check=EnvironmentUnderTest.cache,
            message="days of snapshots: 0, delivery.toml says 1",
        ),
        fault(
            "a modification of the cache waits for its window",
            caught_by=CACHE,
            cause=with_cache(PendingModifiedValues={"AutomaticFailoverStatus": "enabled"}),
            check=EnvironmentUnderTest.cache,
            message="modifications wait for the maintenance window: AutomaticFailoverStatus",
        ),
    ],
)
def test_data_fault(case: Case, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    case.turns_red(dev, recorder)


@pytest.mark.parametrize(
    "case",
    [
        tolerated(
            "the database makes its daily backup",
            by=DATABASE,
            cause=with_database(DBInstanceStatus="backing-up"),
            check=EnvironmentUnderTest.database,
        ),
        tolerated(
            "the cache makes its daily snapshot",
            by=CACHE,
            cause=with_cache(Status="snapshotting"),
            check=EnvironmentUnderTest.cache,
        ),
    ],
)
def test_healthy_data_variant(case: Case, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    case.stays_green(dev, recorder)


def test_second_database_shows_only_the_injected_fault(dev: EnvironmentUnderTest) -> None:
    with second_database(dev):
        dev.database(identifier=SECOND)
