"""Compares every key and service role of the stacks with the permissions that AWS documents for the service.

Services act with these long after a deployment, or deep inside of one; what is missing shows in no template.
"""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Template

from tests.complete_list import assert_complete
from tests.environment_stacks import LEVELS_OF
from tests.unit.other_settings import Synthesized

Templates: TypeAlias = Callable[[str, str], Template]
Policy: TypeAlias = list[dict[str, Any]]

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
HOLD = (*USE, "kms:CreateGrant")
LOGS = "logs.us-east-1.amazonaws.com"
LOG_GROUPS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom")
ENCRYPTED_LOGS = "CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using KMS"
ELASTICACHE = "ElastiCache User Guide, At-Rest Encryption, Using customer managed keys from KMS"

# Part, service (a principal, or one that acts for a caller of the account), required actions, source.
KEYS: list[tuple[str, str, tuple[str, ...], str]] = [
    *((part, LOGS, LOG_GROUPS, ENCRYPTED_LOGS)
      for part in ("application", "audit", "cache", "database", "firewall", "monitoring", "network", "recovery",
                   "storage")),
    ("application", "via secretsmanager", USE, "Secrets Manager User Guide, Secret encryption and decryption"),
    ("audit", "cloudtrail.amazonaws.com", ("kms:DescribeKey", "kms:GenerateDataKey"),
     "CloudTrail User Guide, Configure KMS key policies for CloudTrail"),
    ("audit", "via s3", ("kms:Decrypt", "kms:GenerateDataKey"), "S3 User Guide, Using SSE-KMS"),
    ("cache", "via elasticache", HOLD, ELASTICACHE),
    ("cache", "via dax", HOLD, ELASTICACHE),
    ("cache", "via secretsmanager", USE, "Secrets Manager User Guide, Secret encryption and decryption"),
    ("database", "via rds", HOLD, "RDS User Guide, KMS key management"),
    ("database", "via secretsmanager", HOLD, "RDS User Guide, Password management with RDS and Secrets Manager"),
    ("monitoring", "cloudwatch.amazonaws.com", ("kms:Decrypt", "kms:GenerateDataKey"),
     "SNS Developer Guide, Enable compatibility between event sources from services and encrypted topics"),
    ("recovery", "via backup", HOLD, "Backup Developer Guide, Encryption for backups"),
    ("recovery", "via rds", HOLD, "Backup Developer Guide, Encryption for backups"),
    ("recovery-copies", "via backup", HOLD, "Backup Developer Guide, Encryption for backups: copies"),
    ("recovery-copies", "via rds", HOLD, "Backup Developer Guide, Encryption for backups: copies"),
    ("recovery-copies", "via s3", ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
     "S3 User Guide, Replicating encrypted objects"),
    ("storage", "cloudfront.amazonaws.com", ("kms:Decrypt",),
     "CloudFront Developer Guide, Restrict access to an S3 origin: SSE-KMS (reading alone)"),
    ("storage", "via s3", ("kms:Decrypt", "kms:GenerateDataKey"), "S3 User Guide, Using SSE-KMS"),
]  # fmt: skip

# Part, role, service, required actions (or AWS's managed policy for it), source.
ROLES: list[tuple[str, str, str, tuple[str, ...], str]] = [
    ("application", "TaskExecutionRole", "ecs-tasks.amazonaws.com",
     ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
      "kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue"),
     "ECS Developer Guide, Task execution IAM role"),
    ("audit", "AccountTrailLogRole", "cloudtrail.amazonaws.com", ("logs:CreateLogStream", "logs:PutLogEvents"),
     "CloudTrail User Guide, Role policy document for CloudWatch Logs"),
    ("database", "InstanceMonitoringRole", "monitoring.rds.amazonaws.com", ("AmazonRDSEnhancedMonitoringRole",),
     "RDS User Guide, Setting up Enhanced Monitoring"),
    # The guide also lists CreateLogGroup and DescribeLogGroups: here the log group already exists.
    ("network", "VpcFlowLogIAMRole", "vpc-flow-logs.amazonaws.com",
     ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
     "VPC User Guide, IAM role for publishing flow logs to CloudWatch Logs"),
    ("recovery", "BackupRole", "backup.amazonaws.com", ("AWSBackupServiceRolePolicyForBackup",),
     "Backup Developer Guide, IAM service roles"),
    ("recovery", "RestoreRole", "backup.amazonaws.com", ("AWSBackupServiceRolePolicyForRestores",),
     "Backup Developer Guide, IAM service roles"),
]  # fmt: skip


def policies_of(resources: dict[str, Any], role: str) -> Policy:
    policies = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::IAM::Policy"]
    return [
        statement
        for policy in policies
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def key_policies(resources: dict[str, Any]) -> Iterator[Policy]:
    for one in resources.values():
        if one["Type"] == "AWS::KMS::Key":
            yield one["Properties"]["KeyPolicy"]["Statement"]


def one_role(resources: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    [found] = [
        (logical_id, one["Properties"])
        for logical_id, one in resources.items()
        if one["Type"] == "AWS::IAM::Role" and logical_id.startswith(name)
    ]
    return found


def allowed(statements: Policy, actions: tuple[str, ...], resource: str = "") -> list[str]:
    """Return those of the actions that a statement allows, on the resource that contains the text."""
    patterns = [
        pattern
        for statement in statements
        if statement["Effect"] == "Allow" and resource in json.dumps(statement["Resource"])
        for pattern in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    return [action for action in actions if any(fnmatch(action, pattern) for pattern in patterns)]


def made_by(statement: dict[str, Any], service: str, region: str) -> bool:
    if service.startswith("via "):
        asking = json.dumps(statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", ""))
        return f'"{service.removeprefix("via ")}.{region}.amazonaws.com"' in asking
    return statement["Principal"] == {"Service": service}


@pytest.mark.parametrize(("part", "service", "actions", "source"), KEYS, ids=[f"{row[0]}-{row[1]}" for row in KEYS])
def test_key_policy_allows_a_service(
    template: Templates, part: str, service: str, actions: tuple[str, ...], source: str
) -> None:
    region = "us-west-2" if part == "recovery-copies" else "us-east-1"
    [policy] = key_policies(template("prod", part).to_json()["Resources"])
    found = [statement for statement in policy if made_by(statement, service, region)]
    assert allowed(found, actions) == list(actions), source


def test_every_key_is_in_the_table(template: Templates) -> None:
    unknown: list[str] = []
    for part in {part for part, *_ in KEYS}:
        listed = {service for of, service, *_ in KEYS if of == part}
        [policy] = key_policies(template("prod", part).to_json()["Resources"])
        for statement in policy:
            region = "us-west-2" if part == "recovery-copies" else "us-east-1"
            principal = statement["Principal"]
            by_a_role = "AWS" in principal and ":root" not in json.dumps(principal)
            administers = statement.get("Sid") == "AdministerByIamPolicies"
            if not (by_a_role or administers or any(made_by(statement, one, region) for one in listed)):
                unknown.append(f"{part} {json.dumps(statement)}")
    assert_complete(unknown, (), where="KEYS in tests/unit/stages/test_service_permissions.py")


@pytest.mark.parametrize("row", ROLES, ids=[f"{row[0]}-{row[1]}" for row in ROLES])
def test_role_permissions(template: Templates, row: tuple[str, str, str, tuple[str, ...], str]) -> None:
    part, role, service, actions, source = row
    resources = template("prod", part).to_json()["Resources"]
    logical_id, properties = one_role(resources, role)
    [trust] = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": service}
    kept_by_aws = json.dumps(properties.get("ManagedPolicyArns", []))
    found = allowed(policies_of(resources, logical_id), actions)
    assert all(action in found or f'{action}"' in kept_by_aws for action in actions), source


def test_every_service_role_is_in_the_table(template: Templates) -> None:
    known = {(part, role) for part, role, *_ in ROLES} | {("storage", "ReplicationRole")}
    unknown: list[str] = []
    for part in LEVELS_OF["prod"]:
        for logical_id, one in template("prod", part).to_json()["Resources"].items():
            if one["Type"] != "AWS::IAM::Role":
                continue
            service = one["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"].get("Service")
            # Functions run our code, the task's role has no permissions, and the others are for other accounts.
            if service in (None, "lambda.amazonaws.com") or logical_id.startswith("TaskTaskRole"):
                continue
            if not any(part == of and logical_id.startswith(role) for of, role in known):
                unknown.append(f"{part} {logical_id} of {service}")
    assert_complete(unknown, (), where="ROLES in tests/unit/stages/test_service_permissions.py")


def test_replication_with_bucket_keys(template: Templates) -> None:
    """S3 User Guide, Replicating encrypted objects: a bucket key of the destination is decrypted before it is used."""
    resources = template("prod", "storage").to_json()["Resources"]
    statements = policies_of(resources, one_role(resources, "ReplicationRole")[0])
    source = ("s3:GetReplicationConfiguration", "s3:ListBucket")
    objects = ("s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging")
    copies = ("s3:ReplicateObject", "s3:ReplicateTags")
    assert allowed(statements, source, "BackupBucket") == list(source)
    assert allowed(statements, objects, "BackupBucket") == list(objects)
    assert allowed(statements, copies, "yawl-prod-backups-444444444444-us-west-2/*") == list(copies)
    assert allowed(statements, ("kms:Decrypt",), '"Key') == ["kms:Decrypt"]
    use = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
    assert allowed(statements, use, "CopiesKeyArn") == list(use)


def test_aws_config_can_deliver(app_elsewhere: Synthesized) -> None:
    """Config Developer Guide, Permissions for the IAM role: a bucket, its objects with their ACL, and the key."""
    files = [file for file in app_elsewhere.folder.rglob("*.template.json") if "AWS::Config::" in file.read_text()]
    assert files
    for file in files:
        resources = json.loads(file.read_text())["Resources"]
        roles = [
            (logical_id, one["Properties"])
            for logical_id, one in resources.items()
            if one["Type"] == "AWS::IAM::Role" and "config.amazonaws.com" in json.dumps(one["Properties"])
        ]
        [(role, properties)] = roles
        assert "service-role/AWS_ConfigRole" in json.dumps(properties["ManagedPolicyArns"])
        actions = ("kms:Decrypt", "kms:GenerateDataKey", "s3:GetBucketAcl", "s3:PutObject", "s3:PutObjectAcl")
        assert allowed(policies_of(resources, role), actions) == list(actions)
