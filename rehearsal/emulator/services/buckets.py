"""S3: buckets share one namespace, and have the Object Lock and tags that their templates declare.

ministack looks for a bucket in the caller's account only. AWS finds it in any account, for unsigned requests too.
"""

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, here, responses, s3


def register() -> None:
    """Let services read objects of other accounts' buckets, and complete the buckets of stacks."""
    _read_everywhere()
    providers.register(LockedBucket("AWS::S3::Bucket"))
    providers.register(providers.Details("AWS::S3::Bucket", _store_tags))


def _read_everywhere() -> None:
    """Find a bucket in any account: CloudFormation reads a pipeline's templates across accounts."""
    read_own = s3._get_object_data

    def read_any(bucket: str, key: str, version_id: str | None = None) -> bytes | None:
        found = read_own(bucket, key, version_id)
        owners = [account for account, name in s3._buckets._data if name == bucket]
        if found is not None or not owners:
            return found
        with responses.request_scope(owners[0], here()[1]):
            return read_own(bucket, key, version_id)

    s3._get_object_data = read_any


class LockedBucket(providers.Extension):
    """Buckets with the Object Lock that their templates declare."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name, attributes = super().create(logical_id, properties, stack_name)
        if properties.get("ObjectLockEnabled"):
            retention = properties.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention")
            s3._bucket_object_lock[name] = {"enabled": True, "default_retention": retention}
        return name, attributes


def _store_tags(name: str, properties: Properties) -> None:
    s3._bucket_tags.pop(name, None)
    if tags := properties.get("Tags"):
        s3._bucket_tags[name] = {tag["Key"]: tag["Value"] for tag in tags}


def hosts() -> list[str]:
    """Return the host names of all buckets."""
    return [
        f"{name}.s3.{region}amazonaws.com"
        for (_, name), bucket in list(s3._buckets._data.items())
        for region in ("", f"{bucket.get('region') or 'us-east-1'}.")
    ]
