"""Permissions that the role needs with which CloudFormation creates a resource."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import Call, calls, deployer, key_calls, row

ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]*\*?")
"""Some schemas list items that are not actions, such as `s3:REST.PUT.OBJECT`."""

WITHOUT_HANDLERS = {
    "AWS::Budgets::Budget": "budgets:ModifyBudget ViewBudget",
    "AWS::CodeBuild::Project": "codebuild:CreateProject BatchGetProjects",
    "AWS::IAM::Policy": "iam:PutRolePolicy GetRolePolicy",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
}
"""Types whose schema lists no permissions (Service Authorization Reference)."""

KEYS_THROUGH = {
    "AWS::Backup::BackupVault": (("EncryptionKeyArn",), ("backup",)),
    "AWS::DynamoDB::Table": (("SSESpecification", "KMSMasterKeyId"), ("dynamodb",)),
    # Both names need to be allowed (KMS Developer Guide, "kms:ViaService", the table of services).
    "AWS::ElastiCache::ReplicationGroup": (("KmsKeyId",), ("elasticache", "dax")),
    "AWS::Lambda::Function": (("KmsKeyArn",), ("lambda",)),
    "AWS::RDS::DBInstance": (("KmsKeyId",), ("rds",)),
    "AWS::SecretsManager::Secret": (("KmsKeyId",), ("secretsmanager",)),
}
"""By type: the property with its key, and the services through which its creation uses the key."""

PASSED_ROLES = {
    "AWS::Backup::BackupSelection": (("BackupSelection", "IamRoleArn"), "backup"),
    "AWS::Backup::RestoreTestingSelection": (("IamRoleArn",), "backup"),
    "AWS::Chatbot::SlackChannelConfiguration": (("IamRoleArn",), "chatbot"),
    "AWS::CloudTrail::Trail": (("CloudWatchLogsRoleArn",), "cloudtrail"),
    "AWS::CodeBuild::Project": (("ServiceRole",), "codebuild"),
    "AWS::CodePipeline::Pipeline": (("RoleArn",), "codepipeline"),
    "AWS::Config::ConfigurationRecorder": (("RoleARN",), "config"),
    "AWS::EC2::FlowLog": (("DeliverLogsPermissionArn",), "vpc-flow-logs"),
    "AWS::ECS::TaskDefinition": (("ExecutionRoleArn",), "ecs-tasks"),
    "AWS::Lambda::Function": (("Role",), "lambda"),
    "AWS::RDS::DBInstance": (("MonitoringRoleArn",), "monitoring.rds"),
    "AWS::S3::Bucket": (("ReplicationConfiguration", "Role"), "s3"),
}
"""By type: the property with the role that it passes to its service."""


@row(
    "AWS CloudFormation",
    source="CloudFormation resource provider schemas, handlers.create.permissions and handlers.read.permissions",
    open="A schema lists what any property of the type may take, not what ours take; more than needed is asked for.",
)
def creating_a_resource(resource: Resource, _all: Resources) -> Iterator[Call]:
    """Return the calls of the type's handlers, except those for keys and roles, which have their own rows."""
    for action in handler_actions(resource.type):
        if action.startswith(("kms:", "iam:PassRole")):
            continue
        own = resource.arn.split(":")[2:3] == [action.partition(":")[0]]
        yield Call(deployer(resource), action, resource.arn if own else "*")


@row(
    "AWS CloudFormation",
    *KEYS_THROUGH,
    source="CloudFormation resource provider schemas, handlers.create.permissions; "
    "KMS Developer Guide, 'AWS KMS condition keys', 'kms:ViaService'",
)
def using_a_key_at_creation(resource: Resource, resources: Resources) -> Iterator[Call]:
    """Return the KMS operations that the type's create handler names, through the services that call them."""
    path, through = KEYS_THROUGH[resource.type]
    key = resources.key(resource.at(*path), resource)
    actions = " ".join(
        action.removeprefix("kms:")
        for action in handler_actions(resource.type)
        if action.startswith("kms:") and action not in ("kms:ListAliases", "kms:ListGrants")
    )
    for name in through:
        yield from key_calls(deployer(resource), actions, key, through=name)


@row(
    "AWS CloudFormation",
    "AWS::KMS::Key",
    source="CloudFormation resource provider schemas, the permissions of all handlers of AWS::KMS::Key; KMS Developer "
    "Guide, 'Allows key administrators to administer the KMS key'",
)
def administering_a_key(key: Resource, _all: Resources) -> Iterator[Call]:
    """Return the calls for creating, changing and deleting a key, which its own policy must allow."""
    for action in handler_actions(key.type, "create", "read", "update", "delete"):
        if action not in ("kms:CreateKey", "kms:ListKeys", "kms:ListAliases"):
            yield Call(deployer(key), action, key.arn, {"kms:CallerAccount": key.account})
    yield Call(deployer(key), "kms:CreateKey", "*")


@row(
    "AWS CloudFormation",
    *PASSED_ROLES,
    source="IAM User Guide, 'Grant a user permissions to pass a role to an AWS service'",
)
def passing_a_role(resource: Resource, _all: Resources) -> Iterator[Call]:
    """Return the iam:PassRole of the role that the resource passes to its service."""
    path, name = PASSED_ROLES[resource.type]
    paths = [path, ("TaskRoleArn",)] if resource.type == "AWS::ECS::TaskDefinition" else [path]
    for arn in filter(None, (resource.at(*item) for item in paths)):
        yield from calls(deployer(resource), "iam:PassRole", arn, iam__PassedToService=f"{name}.amazonaws.com")


@row(
    "AWS CloudFormation",
    source="CloudFormation User Guide, 'Custom resources': the service token's function is invoked",
)
def invoking_a_custom_resource(resource: Resource, _all: Resources) -> Iterator[Call]:
    """Return the invocation of the function that serves a custom resource."""
    token = resource.at("ServiceToken")
    if token and resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        yield from calls(deployer(resource), "lambda:InvokeFunction", token)


@row(
    "AWS Secrets Manager",
    "AWS::SecretsManager::Secret",
    source="Secrets Manager User Guide, 'Secret encryption and decryption in AWS Secrets Manager', "
    "'Permissions for the KMS key': GenerateDataKey and Decrypt confirm the caller's access",
)
def encrypting_a_secret(secret: Resource, resources: Resources) -> Iterator[Call]:
    """Return the KMS operations through Secrets Manager for a new secret."""
    context = {"kms:EncryptionContext:SecretARN": secret.arn}
    key = resources.key(secret.at("KmsKeyId"), secret)
    yield from key_calls(deployer(secret), "GenerateDataKey Decrypt", key, through="secretsmanager", context=context)


def handler_actions(resource_type: str, *names: str) -> tuple[str, ...]:
    """Return what the type's handlers call, by default those that create and read."""
    if resource_type.startswith(("Custom::", "AWS::CDK::", "AWS::Rehearsal::")):
        return ()
    if documented := WITHOUT_HANDLERS.get(resource_type):
        prefix, _, actions = documented.partition(":")
        return tuple(f"{prefix}:{name}" for name in actions.split())
    handlers = _schema(resource_type).get("handlers", {})
    found = (action for name in names or ("create", "read") for action in handlers.get(name, {}).get("permissions", []))
    # Some schemas spell the service with capitals, such as `CloudTrail:CreateTrail`.
    listed = {service.lower() + colon + name for service, colon, name in (action.partition(":") for action in found)}
    return tuple(sorted(action for action in listed if ACTION.fullmatch(action)))


@cache
def _schema(resource_type: str) -> dict[str, Any]:
    name = _files().get(resource_type)
    return _read("resources", name) if name else {}


@cache
def _files() -> dict[str, str]:
    return _read("providers", "us-east-1")


def _read(folder: str, name: str) -> dict[str, Any]:
    # Importing cfn-lint would take almost a second.
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("cfn-lint is not installed; it brings CloudFormation's schemas")
    return json.loads((Path(spec.origin).parent / "data" / "schemas" / folder / f"{name}.json").read_text())
