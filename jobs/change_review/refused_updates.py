"""Updates that AWS refuses: found before anything is touched, as the rehearsal's emulator finds them while it deploys.

Only what both templates say outright is compared; a value behind a reference is CloudFormation's to judge. That storage
changes twice within six hours cannot be seen in templates.

Sources: "Increasing DB instance storage capacity" and "Upgrading a DB instance engine version", RDS User Guide;
"Upgrading engine versions", ElastiCache User Guide; "Object Lock", Amazon S3 User Guide; AWS::KMS::Key,
CloudFormation; "AWS Backup Vault Lock", AWS Backup Developer Guide.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from jobs.change_review.differences import CHANGED, Difference
from jobs.change_review.findings import Finding, fingerprint

Properties = dict[str, Any]

LEAST_GROWTH_PERCENT: Final = 10
"""By how much RDS storage must grow at least."""


def impossible(stack: str, difference: Difference) -> Iterator[Finding]:
    """Yield a finding for each update in place that AWS would refuse."""
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
        return f"its storage would shrink from {now} to {wanted} GiB, and RDS storage only grows"
    if wanted * 100 < now * (100 + LEAST_GROWTH_PERCENT):
        return f"its storage would grow from {now} to {wanted} GiB, and RDS asks for {LEAST_GROWTH_PERCENT} % at least"
    return None


def _database_version(before: Properties, after: Properties) -> str | None:
    now, wanted = (_version(properties.get("EngineVersion")) for properties in (before, after))
    if not now or not wanted:
        return None
    versions = f"from {before['EngineVersion']} to {after['EngineVersion']}"
    if wanted < now:
        return f"its engine would go back {versions}, and an upgrade cannot be undone"
    if wanted[0] != now[0] and str(after.get("AllowMajorVersionUpgrade")).lower() != "true":
        return f"its engine would change {versions}, a major version, without AllowMajorVersionUpgrade"
    return None


def _cache_version(before: Properties, after: Properties) -> str | None:
    now, wanted = (_version(properties.get("EngineVersion")) for properties in (before, after))
    if now and wanted and wanted < now and before.get("Engine") == after.get("Engine"):
        versions = f"from {before['EngineVersion']} to {after['EngineVersion']}"
        return f"its engine would go back {versions}, which ElastiCache does only for a new group"
    return None


def _object_lock(before: Properties, after: Properties) -> str | None:
    if before.get("ObjectLockEnabled") and not after.get("ObjectLockEnabled"):
        return "its Object Lock would be taken off, which S3 never does"
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
            return f"its {name} would change, which KMS fixes when a key is made"
    return None


def _vault_lock(before: Properties, after: Properties) -> str | None:
    lock = before.get("LockConfiguration") or {}
    if "ChangeableForDays" in lock and lock != after.get("LockConfiguration"):
        return "its lock is in compliance mode, which nobody can change once its grace time is over"
    return None


RULES: Final[dict[str, tuple[Callable[[Properties, Properties], str | None], ...]]] = {
    "AWS::Backup::BackupVault": (_vault_lock,),
    "AWS::ElastiCache::ReplicationGroup": (_cache_version,),
    "AWS::KMS::Key": (_key_kind,),
    "AWS::RDS::DBInstance": (_storage, _database_version),
    "AWS::S3::Bucket": (_object_lock,),
}
"""By type, what says why an update from old to new properties is refused; None where it is not."""


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdigit() else None


def _version(value: Any) -> list[int]:
    parts = str(value).split(".")
    return [int(part) for part in parts] if all(part.isdigit() for part in parts) else []
