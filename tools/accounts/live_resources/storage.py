"""Buckets, backup vaults and log groups."""

from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from tools.accounts.live_resources.resource import Client, LiveResource, ResourceType, absent

COUNTED: Final = 1000
"""Maximum number of object versions counted in a bucket: one page."""


def _find_bucket(client: Client, name: str) -> LiveResource | None:
    s3 = client("s3")
    try:
        page = s3.list_object_versions(Bucket=name, MaxKeys=COUNTED)
    except ClientError as error:
        if absent(error, "NoSuchBucket"):
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
        if absent(error, "ObjectLockConfigurationNotFoundError"):
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


BUCKET: Final = ResourceType("BucketName", _find_bucket, _remove_bucket, blocks=True, imported_with=("BucketName",))
VAULT: Final = ResourceType(
    "BackupVaultName",
    _find_vault,
    _remove_vault,
    blocks=True,
    imported_with=("BackupVaultName", "EncryptionKeyArn"),
)
LOG_GROUP: Final = ResourceType("LogGroupName", _find_log_group, _remove_log_group, imported_with=("LogGroupName",))
