"""Finds, unprotects and deletes the resources that can outlive their stack, by resource type.

`find` returns None only if the resource does not exist, and passes on botocore's other errors, so that a denied call is
not taken for an absent resource.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
"""Returns a client of a service in one account and region."""

LOOK_SECONDS = 5.0
"""Seconds between two polls of a database that is being changed or deleted."""
KEY_WAITING_DAYS: Final = 30
"""Waiting period of a key's deletion, in days; the same as CloudFormation's."""
COUNTED: Final = 1000
"""Maximum number of object versions counted in a bucket: one page."""


@dataclass(frozen=True, kw_only=True)
class LiveResource:
    """One existing resource."""

    kind: str
    """Its CloudFormation type."""
    name: str
    """Its physical id."""
    holds: str = ""
    """The data it contains, for people; empty if none."""
    protected: bool = False
    """Whether deletion protection is enabled."""
    locked: str = ""
    """Why it cannot be deleted; empty if it can."""
    created: datetime | None = None
    built_on: Mapping[str, str] = field(default_factory=dict)
    """Identifiers of the resources it depends on, such as its key or subnet group, by property."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" ({self.holds})" if self.holds else "")


@dataclass(frozen=True)
class ResourceType:
    """How resources of one type are found, unprotected, deleted and imported."""

    name_property: str
    """The property with the name, which also identifies the resource in an import."""
    find: Callable[[Client, str], LiveResource | None]
    remove: Callable[[Client, LiveResource], None] | None = None
    """Deletes it with its data; None if only its stack can."""
    unprotect: Callable[[Client, LiveResource], None] | None = None
    blocks: bool = False
    """Whether it must be deleted before its stack."""
    imported_with: tuple[str, ...] = ()
    """The properties that an import must state because changing them later would replace the resource."""
    imported_if_known: frozenset[str] = frozenset()
    """Those of them that a resource may lack."""
    import_key: str = ""
    """The identifier's name in an import, if not `name_property`."""


def _absent(error: ClientError, *codes: str) -> bool:
    return error.response["Error"]["Code"] in codes


def _tags(items: Any) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in items or []}


def _find_bucket(client: Client, name: str) -> LiveResource | None:
    s3 = client("s3")
    try:
        page = s3.list_object_versions(Bucket=name, MaxKeys=COUNTED)
    except ClientError as error:
        if _absent(error, "NoSuchBucket"):
            return None
        raise
    count = len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
    first = ", ".join(sorted({item["Key"] for item in page.get("Versions", [])})[:3])
    holds = f"{'at least ' if page.get('IsTruncated') else ''}{count} object versions: {first}" if count else ""
    locked = "its objects are locked" if count and _is_locked(s3, name) else ""
    created = [item["CreationDate"] for item in s3.list_buckets()["Buckets"] if item["Name"] == name]
    return LiveResource(
        kind="AWS::S3::Bucket", name=name, holds=holds, locked=locked, created=created[0] if created else None
    )


def _is_locked(s3: Any, name: str) -> bool:
    try:
        found = s3.get_object_lock_configuration(Bucket=name)
    except ClientError as error:
        if _absent(error, "ObjectLockConfigurationNotFoundError"):
            return False
        raise
    return "Rule" in found["ObjectLockConfiguration"]


def _remove_bucket(client: Client, found: LiveResource) -> None:
    s3 = client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=found.name):
        versions = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        if versions:
            answer = s3.delete_objects(Bucket=found.name, Delete={"Objects": versions, "Quiet": True})
            for error in answer.get("Errors", []):
                failed = {"Error": {"Code": error["Code"], "Message": f"{error['Key']}: {error.get('Message', '')}"}}
                raise ClientError(failed, "DeleteObjects")
    s3.delete_bucket(Bucket=found.name)


def _find_vault(client: Client, name: str) -> LiveResource | None:
    backup = client("backup")
    # All vaults are listed because AWS Backup answers AccessDenied for one that does not exist.
    pages = backup.get_paginator("list_backup_vaults").paginate()
    vaults = [vault for page in pages for vault in page["BackupVaultList"] if vault["BackupVaultName"] == name]
    if not vaults:
        return None
    [vault] = vaults
    points = sum(
        len(page["RecoveryPoints"])
        for page in backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=name)
    )
    return LiveResource(
        kind="AWS::Backup::BackupVault",
        name=name,
        holds=f"{points} recovery points" if points else "",
        locked="delete its recovery points first" if points else "",
        created=vault.get("CreationDate"),
        built_on={"EncryptionKeyArn": vault["EncryptionKeyArn"]} if vault.get("EncryptionKeyArn") else {},
    )


def _remove_vault(client: Client, found: LiveResource) -> None:
    client("backup").delete_backup_vault(BackupVaultName=found.name)


def _find_log_group(client: Client, name: str) -> LiveResource | None:
    logs = client("logs")
    groups = [
        group
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        for group in page["logGroups"]
        if group["logGroupName"] == name
    ]
    if not groups:
        return None
    size = groups[0].get("storedBytes", 0)
    # storedBytes is updated late; a stream shows that something was written.
    streams = logs.describe_log_streams(logGroupName=name, limit=1)["logStreams"]
    return LiveResource(
        kind="AWS::Logs::LogGroup",
        name=name,
        holds=f"logs, {size} bytes as last reported" if size or streams else "",
        created=datetime.fromtimestamp(groups[0]["creationTime"] / 1000, UTC),
    )


def _remove_log_group(client: Client, found: LiveResource) -> None:
    client("logs").delete_log_group(logGroupName=found.name)


def _find_key(client: Client, name: str) -> LiveResource | None:
    try:
        found = client("kms").describe_key(KeyId=name)["KeyMetadata"]
    except ClientError as error:
        if _absent(error, "NotFoundException"):
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


def _find_database(client: Client, name: str) -> LiveResource | None:
    try:
        [found] = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except ClientError as error:
        if _absent(error, "DBInstanceNotFound", "DBInstanceNotFoundFault"):
            return None
        raise
    parameters = [group["DBParameterGroupName"] for group in found.get("DBParameterGroups", [])]
    built_on = {
        "KmsKeyId": found.get("KmsKeyId"),
        "PerformanceInsightsKMSKeyId": found.get("PerformanceInsightsKMSKeyId"),
        "DBSubnetGroupName": found.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "DBParameterGroupName": parameters[0] if parameters else None,
    }
    return LiveResource(
        kind="AWS::RDS::DBInstance",
        name=found["DBInstanceIdentifier"],
        holds=f"a database of {found.get('AllocatedStorage', '?')} GiB, with its automated backups",
        protected=bool(found.get("DeletionProtection")),
        created=found.get("InstanceCreateTime"),
        built_on={key: value for key, value in built_on.items() if value},
    )


def _unprotect_database(client: Client, found: LiveResource) -> None:
    rds = client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=found.name, DeletionProtection=False, ApplyImmediately=True)
    while (now := _find_database(client, found.name)) is not None and now.protected:
        time.sleep(LOOK_SECONDS)


def _remove_database(client: Client, found: LiveResource) -> None:
    client("rds").delete_db_instance(
        DBInstanceIdentifier=found.name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
    )
    while _find_database(client, found.name) is not None:
        time.sleep(LOOK_SECONDS)


def _find_subnet_group(client: Client, name: str) -> LiveResource | None:
    try:
        [found] = client("rds").describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    except ClientError as error:
        if _absent(error, "DBSubnetGroupNotFoundFault"):
            return None
        raise
    subnets = [subnet["SubnetIdentifier"] for subnet in found.get("Subnets", [])]
    return LiveResource(kind="AWS::RDS::DBSubnetGroup", name=name, built_on={"SubnetIds": json.dumps(subnets)})


def _remove_subnet_group(client: Client, found: LiveResource) -> None:
    client("rds").delete_db_subnet_group(DBSubnetGroupName=found.name)


def _find_parameter_group(client: Client, name: str) -> LiveResource | None:
    try:
        client("rds").describe_db_parameter_groups(DBParameterGroupName=name)
    except ClientError as error:
        if _absent(error, "DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"):
            return None
        raise
    return LiveResource(kind="AWS::RDS::DBParameterGroup", name=name)


def _remove_parameter_group(client: Client, found: LiveResource) -> None:
    client("rds").delete_db_parameter_group(DBParameterGroupName=found.name)


def _find_secret(client: Client, name: str) -> LiveResource | None:
    try:
        found = client("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if _absent(error, "ResourceNotFoundException"):
            return None
        raise
    waiting = "it is scheduled for deletion: aws secretsmanager restore-secret" if found.get("DeletedDate") else ""
    return LiveResource(
        kind="AWS::SecretsManager::Secret",
        name=found["ARN"],
        holds="a secret value",
        locked=waiting,
        created=found.get("CreatedDate"),
        tags=_tags(found.get("Tags")),
    )


def _remove_secret(client: Client, found: LiveResource) -> None:
    client("secretsmanager").delete_secret(SecretId=found.name, ForceDeleteWithoutRecovery=True)


def _find_role(client: Client, name: str) -> LiveResource | None:
    try:
        found = client("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if _absent(error, "NoSuchEntity"):
            return None
        raise
    return LiveResource(
        kind="AWS::IAM::Role", name=name, created=found.get("CreateDate"), tags=_tags(found.get("Tags"))
    )


def _remove_role(client: Client, found: LiveResource) -> None:
    iam = client("iam")
    for policy in iam.list_attached_role_policies(RoleName=found.name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=found.name, PolicyArn=policy["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=found.name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=found.name, PolicyName=policy_name)
    iam.delete_role(RoleName=found.name)


def _find_load_balancer(client: Client, arn: str) -> LiveResource | None:
    try:
        attributes = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    except ClientError as error:
        if _absent(error, "LoadBalancerNotFound"):
            return None
        raise
    protected = _tags(attributes).get("deletion_protection.enabled") == "true"
    return LiveResource(kind="AWS::ElasticLoadBalancingV2::LoadBalancer", name=arn, protected=protected)


def _unprotect_load_balancer(client: Client, found: LiveResource) -> None:
    client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=found.name, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )


RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ResourceType(
        "", _find_load_balancer, unprotect=_unprotect_load_balancer, blocks=True
    ),
    "AWS::RDS::DBInstance": ResourceType(
        "DBInstanceIdentifier",
        _find_database,
        _remove_database,
        unprotect=_unprotect_database,
        blocks=True,
        imported_with=(
            "DBInstanceIdentifier",
            "DBName",
            "DBParameterGroupName",
            "DBSubnetGroupName",
            "Engine",
            "KmsKeyId",
            "MasterUsername",
            "PerformanceInsightsKMSKeyId",
            "StorageEncrypted",
        ),
        imported_if_known=frozenset({"DBParameterGroupName", "PerformanceInsightsKMSKeyId"}),
    ),
    "AWS::S3::Bucket": ResourceType(
        "BucketName", _find_bucket, _remove_bucket, blocks=True, imported_with=("BucketName",)
    ),
    "AWS::Backup::BackupVault": ResourceType(
        "BackupVaultName",
        _find_vault,
        _remove_vault,
        blocks=True,
        imported_with=("BackupVaultName", "EncryptionKeyArn"),
    ),
    "AWS::SecretsManager::Secret": ResourceType(
        "Name", _find_secret, _remove_secret, imported_with=("Name",), import_key="Id"
    ),
    "AWS::RDS::DBSubnetGroup": ResourceType(
        "DBSubnetGroupName",
        _find_subnet_group,
        _remove_subnet_group,
        imported_with=("DBSubnetGroupDescription", "DBSubnetGroupName", "SubnetIds"),
    ),
    "AWS::RDS::DBParameterGroup": ResourceType(
        "DBParameterGroupName",
        _find_parameter_group,
        _remove_parameter_group,
        imported_with=("DBParameterGroupName", "Description", "Family"),
    ),
    "AWS::Logs::LogGroup": ResourceType(
        "LogGroupName", _find_log_group, _remove_log_group, imported_with=("LogGroupName",)
    ),
    "AWS::IAM::Role": ResourceType("RoleName", _find_role, _remove_role),
    "AWS::KMS::Alias": ResourceType("AliasName", _find_alias, _remove_alias),
    # Last, after everything it encrypts.
    "AWS::KMS::Key": ResourceType("", _find_key, _remove_key, import_key="KeyId"),
}
"""By type, in deletion order."""


def in_order(resources: list[LiveResource]) -> Iterator[LiveResource]:
    """Yield the resources in an order in which they can be deleted."""
    order = list(RESOURCE_TYPES)
    yield from sorted(resources, key=lambda found: order.index(found.kind))
