"""The cache of every environment against the reference's figures."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk import App
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Match, Template

from settings import CacheSettings
from stacks.cache_stack import Cache
from stacks.environment_stack import EnvironmentStack
from tests.unit.one_environment import a_context

Templates: TypeAlias = Callable[[str, str], Template]

EVERYWHERE = {
    "the engine is Redis 7.0": {"Engine": "redis", "EngineVersion": "7.0"},
    "it listens where Redis does": {"Port": 6379},
    "connections need TLS": {"TransitEncryptionEnabled": True, "TransitEncryptionMode": "required"},
    "data at rest is encrypted with our key": {
        "AtRestEncryptionEnabled": True,
        "KmsKeyId": {"Ref": Match.string_like_regexp("^Key")},
    },
    "connections need the token, which CloudFormation fetches when it deploys": {
        "AuthToken": {
            "Fn::Join": [
                "",
                [
                    "{{resolve:secretsmanager:",
                    {"Ref": Match.string_like_regexp("^AuthToken")},
                    ":SecretString:::}}",
                ],
            ]
        }
    },
    "slow and engine logs go to CloudWatch as JSON": {
        "LogDeliveryConfigurations": [
            {
                "LogType": log,
                "LogFormat": "json",
                "DestinationType": "cloudwatch-logs",
                "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": {"Ref": Match.any_value()}}},
            }
            for log in ("slow-log", "engine-log")
        ]
    },
    "minor upgrades come by themselves": {"AutoMinorVersionUpgrade": True},
}

BY_ENVIRONMENT = [
    ("dev", "a small node", {"CacheNodeType": "cache.t3.micro", "NumCacheClusters": 1}),
    ("staging", "two nodes like prod's", {"CacheNodeType": "cache.t3.small", "NumCacheClusters": 2}),
    ("prod", "two of the reference's nodes", {"CacheNodeType": "cache.t3.small", "NumCacheClusters": 2}),
    ("dev", "one zone, nobody to take over", {"MultiAZEnabled": False, "AutomaticFailoverEnabled": False}),
    ("staging", "both zones, with failover", {"MultiAZEnabled": True, "AutomaticFailoverEnabled": True}),
    ("prod", "both zones, with failover", {"MultiAZEnabled": True, "AutomaticFailoverEnabled": True}),
    ("dev", "a day of snapshots", {"SnapshotRetentionLimit": 1}),
    ("prod", "a week of snapshots", {"SnapshotRetentionLimit": 7}),
]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("properties", EVERYWHERE.values(), ids=EVERYWHERE)
def test_properties_in_every_environment(template: Templates, environment: str, properties: dict[str, Any]) -> None:
    template(environment, "cache").has_resource_properties("AWS::ElastiCache::ReplicationGroup", properties)


@pytest.mark.parametrize(
    ("environment", "properties"),
    [pytest.param(environment, row, id=f"{environment}: {fact}") for environment, fact, row in BY_ENVIRONMENT],
)
def test_properties_by_environment(template: Templates, environment: str, properties: dict[str, Any]) -> None:
    template(environment, "cache").has_resource_properties("AWS::ElastiCache::ReplicationGroup", properties)


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        pytest.param("AWS::KMS::Key", {"EnableKeyRotation": True}, id="the key rotates"),
        pytest.param(
            "AWS::ElastiCache::ParameterGroup",
            {"CacheParameterGroupFamily": "redis7", "Properties": {"maxmemory-policy": "volatile-lru"}},
            id="under pressure, what has a time to live goes first",
        ),
        pytest.param(
            "AWS::SecretsManager::Secret",
            {
                "GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True},
                "KmsKeyId": {"Fn::GetAtt": [Match.string_like_regexp("^Key"), "Arn"]},
                "SecretString": Match.absent(),
            },
            id="the token is generated, of 16 to 128 characters that ElastiCache takes",
        ),
        pytest.param(
            "AWS::Logs::LogGroup",
            {"LogGroupName": "/aws/vendedlogs/elasticache/yawl-prod/slow-log", "RetentionInDays": 90},
            id="the slow log is kept 90 days",
        ),
        pytest.param(
            "AWS::Logs::LogGroup",
            {"LogGroupName": "/aws/vendedlogs/elasticache/yawl-prod/engine-log", "RetentionInDays": 90},
            id="the engine log is kept 90 days",
        ),
    ],
)
def test_related_resources(template: Templates, resource_type: str, properties: dict[str, Any]) -> None:
    template("prod", "cache").has_resource_properties(resource_type, properties)


@pytest.mark.parametrize(("environment", "policy"), [("dev", "Delete"), ("prod", "Snapshot")])
def test_last_snapshot_is_taken_where_data_is_retained(template: Templates, environment: str, policy: str) -> None:
    template(environment, "cache").has_resource("AWS::ElastiCache::ReplicationGroup", {"DeletionPolicy": policy})


def test_cache_is_in_the_isolated_subnets(template: Templates) -> None:
    (subnets,) = template("prod", "cache").find_resources("AWS::ElastiCache::SubnetGroup").values()
    names = [json.dumps(subnet) for subnet in subnets["Properties"]["SubnetIds"]]
    assert len(names) == 2
    assert all("IsolatedSubnet" in name for name in names)


def test_eviction_policy_is_a_setting() -> None:
    app = App()
    context = a_context()
    surroundings = EnvironmentStack(app, "surroundings", context=context, description="VPC")
    vpc = ec2.Vpc(
        surroundings,
        "Vpc",
        subnet_configuration=[ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
    )
    cache = Cache(
        app,
        context=context,
        settings=CacheSettings(eviction_policy="allkeys-lru"),
        vpc=vpc,
        security_group=ec2.SecurityGroup(surroundings, "SecurityGroup", vpc=vpc),
    )
    Template.from_stack(cache).has_resource_properties(
        "AWS::ElastiCache::ParameterGroup", {"Properties": {"maxmemory-policy": "allkeys-lru"}}
    )
