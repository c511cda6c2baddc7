"""Keys, their aliases, secrets and roles."""

from typing import Final

from botocore.exceptions import ClientError

from tools.accounts.live_resources.resource import Client, LiveResource, ResourceType, absent, tags_of

KEY_WAITING_DAYS: Final = 30
"""Waiting period of a key's deletion, in days; the same as CloudFormation's."""


def _find_key(client: Client, name: str) -> LiveResource | None:
    try:
        found = client("kms").describe_key(KeyId=name)["KeyMetadata"]
    except ClientError as error:
        if absent(error, "NotFoundException"):
            return None
        raise
    locked = "" if found["KeyState"] == "Enabled" else f"it is {found['KeyState']}"
    return LiveResource(kind="AWS::KMS::Key", name=found["KeyId"], locked=locked, created=found.get("CreationDate"))


def _remove_key(client: Client, found: LiveResource) -> None:
    if found.locked:
        # KMS rejects a second request to delete a key.
        return
    client("kms").schedule_key_deletion(KeyId=found.name, PendingWindowInDays=KEY_WAITING_DAYS)


def _find_alias(client: Client, name: str) -> LiveResource | None:
    aliases = (alias for page in client("kms").get_paginator("list_aliases").paginate() for alias in page["Aliases"])
    return next(
        (LiveResource(kind="AWS::KMS::Alias", name=name) for alias in aliases if alias["AliasName"] == name), None
    )


def _remove_alias(client: Client, found: LiveResource) -> None:
    client("kms").delete_alias(AliasName=found.name)


def _find_secret(client: Client, name: str) -> LiveResource | None:
    try:
        found = client("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if absent(error, "ResourceNotFoundException"):
            return None
        raise
    waiting = "it is scheduled for deletion: aws secretsmanager restore-secret" if found.get("DeletedDate") else ""
    return LiveResource(
        kind="AWS::SecretsManager::Secret",
        name=found["ARN"],
        holds="a secret value",
        locked=waiting,
        created=found.get("CreatedDate"),
        tags=tags_of(found.get("Tags")),
    )


def _remove_secret(client: Client, found: LiveResource) -> None:
    client("secretsmanager").delete_secret(SecretId=found.name, ForceDeleteWithoutRecovery=True)


def _find_role(client: Client, name: str) -> LiveResource | None:
    try:
        found = client("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if absent(error, "NoSuchEntity"):
            return None
        raise
    return LiveResource(
        kind="AWS::IAM::Role", name=name, created=found.get("CreateDate"), tags=tags_of(found.get("Tags"))
    )


def _remove_role(client: Client, found: LiveResource) -> None:
    iam = client("iam")
    for policy in iam.list_attached_role_policies(RoleName=found.name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=found.name, PolicyArn=policy["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=found.name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=found.name, PolicyName=policy_name)
    iam.delete_role(RoleName=found.name)


KEY: Final = ResourceType("", _find_key, _remove_key, import_key="KeyId")
ALIAS: Final = ResourceType("AliasName", _find_alias, _remove_alias)
SECRET: Final = ResourceType("Name", _find_secret, _remove_secret, imported_with=("Name",), import_key="Id")
ROLE: Final = ResourceType("RoleName", _find_role, _remove_role)
