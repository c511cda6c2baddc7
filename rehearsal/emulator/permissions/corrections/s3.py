"""S3: only callers that may list a bucket learn that an object is missing (S3 API Reference, GetObject)."""

from dataclasses import replace

from rehearsal.emulator.internals import s3
from rehearsal.emulator.permissions.corrections import ApiCall, Further, Target


def complete(_: ApiCall, target: Target) -> Target:
    """Check s3:ListBucket too if the requested object does not exist."""
    bucket, _slash, key = target.resources[0].partition("/")
    if not key or not _is_absent(bucket.rpartition(":")[2], key):
        return target
    return replace(target, further=(*target.further, Further("s3:ListBucket", bucket)))


def _is_absent(name: str, key: str) -> bool:
    owner = s3._bucket_owner_account(name)
    bucket = s3._buckets.get_scoped(owner, None, name) if owner else None
    return bucket is not None and key not in (bucket.get("objects") or {})
