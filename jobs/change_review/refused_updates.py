"""Finds updates that AWS rejects, before anything is deployed.

Only plain values are compared, not references. Templates cannot show a second change of storage within six hours.

Sources: "Increasing DB instance storage capacity" and "Upgrading a DB instance engine version", RDS User Guide;
"Upgrading engine versions", ElastiCache User Guide; "Object Lock", Amazon S3 User Guide; AWS::KMS::Key,
CloudFormation; "AWS Backup Vault Lock", AWS Backup Developer Guide.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from jobs.change_review.differences import CHANGED, Difference
from jobs.change_review.findings import Finding, fingerprint

Properties = dict[str, Any]

MIN_GROWTH_PERCENT: Final = 10
"""Minimum growth of RDS storage."""


def refused_updates(stack: str, difference: Difference) -> Iterator[Finding]:
    """Yield a finding for each in-place update that AWS would reject."""
    for change in difference.resources:
        rules = RULES.get(change.type, ())
        if change.kind != CHANGED:
            continue
        before, after = ((item or {}).get("Properties") or {} for item in (change.before, change.after))
        for rule in rules:
            if reason := rule(before, after):
                yield Finding(
                    stack=stack,
                    subject=change.logical_id,
                    title=f"{change.logical_id} ({change.type}) cannot be updated: {reason}",
                    change=fingerprint(stack, change.logical_id, before, after),
                    impossible=True,
                )


def _storage(before: Properties, after: Properties) -> str | None:
    now, wanted = (_number(properties.get("AllocatedStorage")) for properties in (before, after))
    if now is None or wanted is None or now == wanted:
        return None
    if wanted < now:
        return f"its storage would shrink from {now} to {wanted} GiB, but RDS storage cannot shrink"
    if wanted * 100 < now * (100 + MIN_GROWTH_PERCENT):
        return f"its storage would grow from {now} to {wanted} GiB, but RDS requires at least {MIN_GROWTH_PERCENT} %"
    return None


def _database_version(before: Properties, after: Properties) -> str | None:
    now, wanted = (_version(properties.get("EngineVersion")) for properties in (before, after))
    if not now or not wanted:
        return None
    versions = f"from {before['EngineVersion']} to {after['EngineVersion']}"
    if wanted < now:
        return f"its engine would be downgraded {versions}, which RDS does not support"
    if wanted[0] != now[0] and str(after.get("AllowMajorVersionUpgrade")).lower() != "true":
        return f"its engine's major version would change {versions} without AllowMajorVersionUpgrade"
    return None


def _cache_version(before: Properties, after: Properties) -> str | None:
    now, wanted = (_version(properties.get("EngineVersion")) for properties in (before, after))
    if now and wanted and wanted < now and before.get("Engine") == after.get("Engine"):
        versions = f"from {before['EngineVersion']} to {after['EngineVersion']}"
        return f"its engine would be downgraded {versions}, which ElastiCache supports only for a new group"
    return None


def _object_lock(before: Properties, after: Properties) -> str | None:
    if before.get("ObjectLockEnabled") and not after.get("ObjectLockEnabled"):
        return "its Object Lock would be removed, which S3 does not support"
    return None


def _key_kind(before: Properties, after: Properties) -> str | None:
    defaults = {
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
    }
    for name, default in defaults.items():
        if before.get(name, default) != after.get(name, default):
            return f"its {name} would change, which KMS does not support after a key's creation"
    return None


def _vault_lock(before: Properties, after: Properties) -> str | None:
    lock = before.get("LockConfiguration") or {}
    if "ChangeableForDays" in lock and lock != after.get("LockConfiguration"):
        return "its lock is in compliance mode, which cannot be changed after its grace time"
    return None


RULES: Final[dict[str, tuple[Callable[[Properties, Properties], str | None], ...]]] = {
    "AWS::Backup::BackupVault": (_vault_lock,),
    "AWS::ElastiCache::ReplicationGroup": (_cache_version,),
    "AWS::KMS::Key": (_key_kind,),
    "AWS::RDS::DBInstance": (_storage, _database_version),
    "AWS::S3::Bucket": (_object_lock,),
}
"""By type, functions that return why an update from old to new properties is rejected, or None."""


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdigit() else None


def _version(value: Any) -> list[int]:
    parts = str(value).split(".")
    return [int(part) for part in parts] if all(part.isdigit() for part in parts) else []
