"""S3: who may not list a bucket is not told that an object is absent (S3 API Reference, GetObject and HeadObject)."""

from dataclasses import replace

from rehearsal.emulator.internals import s3
from rehearsal.emulator.permissions.corrections import ApiCall, Further, Target


def complete(_: ApiCall, target: Target) -> Target:
    """Have s3:ListBucket checked too where an object is asked for that is not there."""
    bucket, _slash, key = target.resources[0].partition("/")
    if not key or not _is_absent(bucket.rpartition(":")[2], key):
        return target
    return replace(target, further=(*target.further, Further("s3:ListBucket", bucket)))


def _is_absent(name: str, key: str) -> bool:
    owner = s3._bucket_owner_account(name)
    bucket = s3._buckets.get_scoped(owner, None, name) if owner else None
    return bucket is not None and key not in (bucket.get("objects") or {})
