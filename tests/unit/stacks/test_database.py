"""The database of every environment against the reference's figures."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

Templates: TypeAlias = Callable[[str, str], Template]

KEY = {"Fn::GetAtt": [Match.string_like_regexp("^Key"), "Arn"]}

EVERYWHERE = {
    "the engine is PostgreSQL 15, in its newest release": {"Engine": "postgres", "EngineVersion": "15.19"},
    "the database and its master user are called yawl": {"DBName": "yawl", "MasterUsername": "yawl"},
    "it listens where PostgreSQL does": {"Port": "5432"},
    "the internet cannot reach it": {"PubliclyAccessible": False},
    "storage is gp3, encrypted with our key": {"StorageType": "gp3", "StorageEncrypted": True, "KmsKeyId": KEY},
    "RDS makes and keeps the master password, encrypted with our key": {
        "ManageMasterUserPassword": True,
        "MasterUserSecret": {"KmsKeyId": KEY},
        "MasterUserPassword": Match.absent(),
    },
    "users of IAM may sign in": {"EnableIAMDatabaseAuthentication": True},
    "enhanced monitoring looks every minute": {"MonitoringInterval": 60, "MonitoringRoleArn": Match.any_value()},
    "Performance Insights is on, encrypted with our key": {
        "EnablePerformanceInsights": True,
        "PerformanceInsightsKMSKeyId": KEY,
    },
    "its logs go to CloudWatch": {"EnableCloudwatchLogsExports": ["postgresql", "upgrade"]},
    "RDS backs up and maintains before AWS Backup begins": {
        "PreferredBackupWindow": "00:00-00:30",
        "PreferredMaintenanceWindow": "sun:01:00-sun:01:30",
    },
    "minor upgrades come by themselves": {"AutoMinorVersionUpgrade": True},
    "snapshots keep the tags": {"CopyTagsToSnapshot": True},
    "its certificate is of the current authority": {"CACertificateIdentifier": "rds-ca-rsa2048-g1"},
}

BY_ENVIRONMENT = [
    ("dev", "a small instance in one zone", {"DBInstanceClass": "db.t3.micro", "MultiAZ": False}),
    ("staging", "prod's instance, in both zones", {"DBInstanceClass": "db.t3.small", "MultiAZ": True}),
    ("prod", "the reference's instance, in both zones", {"DBInstanceClass": "db.t3.small", "MultiAZ": True}),
    ("dev", "little storage, with a limit", {"AllocatedStorage": "20", "MaxAllocatedStorage": 100}),
    ("prod", "storage that grows to the reference's 1 TB", {"AllocatedStorage": "100", "MaxAllocatedStorage": 1000}),
    ("dev", "a week of backups", {"BackupRetentionPeriod": 7}),
    ("staging", "30 days of backups", {"BackupRetentionPeriod": 30}),
    ("prod", "30 days of backups", {"BackupRetentionPeriod": 30}),
    ("dev", "it can be deleted, backups too", {"DeletionProtection": False, "DeleteAutomatedBackups": True}),
    ("prod", "it cannot be deleted, nor its backups", {"DeletionProtection": True, "DeleteAutomatedBackups": False}),
    ("prod", "its name is the environment's", {"DBInstanceIdentifier": "yawl-prod"}),
]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("properties", EVERYWHERE.values(), ids=EVERYWHERE)
def test_properties_in_every_environment(template: Templates, environment: str, properties: dict[str, Any]) -> None:
    template(environment, "database").has_resource_properties("AWS::RDS::DBInstance", properties)


@pytest.mark.parametrize(
    ("environment", "properties"),
    [pytest.param(environment, row, id=f"{environment}: {fact}") for environment, fact, row in BY_ENVIRONMENT],
)
def test_properties_by_environment(template: Templates, environment: str, properties: dict[str, Any]) -> None:
    template(environment, "database").has_resource_properties("AWS::RDS::DBInstance", properties)


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        pytest.param("AWS::KMS::Key", {"EnableKeyRotation": True}, id="the key rotates"),
        pytest.param(
            "AWS::RDS::DBParameterGroup",
            {"Family": "postgres15", "Parameters": {"rds.force_ssl": "1"}},
            id="a connection without TLS is refused",
        ),
        pytest.param(
            "AWS::RDS::DBParameterGroup",
            {"Parameters": {"log_min_duration_statement": "1000"}},
            id="statements of more than a second are logged",
        ),
        pytest.param(
            "AWS::SecretsManager::RotationSchedule",
            {
                "SecretId": {"Fn::GetAtt": [Match.string_like_regexp("^Instance"), "MasterUserSecret.SecretArn"]},
                "RotationRules": {"AutomaticallyAfterDays": 30},
                "RotateImmediatelyOnUpdate": False,
            },
            id="the password rotates every 30 days, and at no other time",
        ),
        pytest.param(
            "AWS::Logs::LogGroup",
            {"LogGroupName": "/aws/rds/instance/yawl-prod/postgresql", "RetentionInDays": 90},
            id="what PostgreSQL logs is kept 90 days",
        ),
        pytest.param(
            "AWS::Logs::LogGroup",
            {"LogGroupName": "/aws/rds/instance/yawl-prod/upgrade", "RetentionInDays": 90},
            id="what upgrades log is kept 90 days",
        ),
    ],
)
def test_related_resources(template: Templates, resource_type: str, properties: dict[str, Any]) -> None:
    template("prod", "database").has_resource_properties(resource_type, properties)


@pytest.mark.parametrize(("environment", "policy"), [("dev", "Delete"), ("prod", "RetainExceptOnCreate")])
@pytest.mark.parametrize(
    "resource_type",
    [
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBInstance",
        pytest.param("AWS::RDS::DBParameterGroup", id="parameter group, which cannot go before the instance"),
        pytest.param("AWS::RDS::DBSubnetGroup", id="subnet group, which cannot go before the instance"),
    ],
)
def test_data_is_retained_where_set(template: Templates, environment: str, policy: str, resource_type: str) -> None:
    for resource in template(environment, "database").find_resources(resource_type).values():
        assert resource["DeletionPolicy"] == policy


def test_log_groups_exist_before_the_instance(template: Templates) -> None:
    stack = template("prod", "database")
    (instance,) = stack.find_resources("AWS::RDS::DBInstance").values()
    assert set(stack.find_resources("AWS::Logs::LogGroup")) <= set(instance["DependsOn"])


def test_database_is_in_the_isolated_subnets(template: Templates) -> None:
    (subnets,) = template("prod", "database").find_resources("AWS::RDS::DBSubnetGroup").values()
    names = [json.dumps(subnet) for subnet in subnets["Properties"]["SubnetIds"]]
    assert len(names) == 2
    assert all("IsolatedSubnet" in name for name in names)
