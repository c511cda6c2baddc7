"""One name space for buckets: ministack keeps them by account, and AWS finds a bucket whoever owns it.

A request that is not signed finds it too, and gets what the bucket lets everybody have. A stack's bucket has the Object
Lock that its template gives it.
"""

from rehearsal.emulator.internals import Properties, Provisioned, handlers, here, responses, s3


def register() -> None:
    """Let services read objects of buckets in other accounts, and stacks lock what a bucket holds."""
    _read_everywhere()
    _lock_objects()


def _read_everywhere() -> None:
    """Find a bucket whoever owns it, as CloudFormation reads a pipeline's templates."""
    read_own = s3._get_object_data

    def read_any(bucket: str, key: str, version_id: str | None = None) -> bytes | None:
        found = read_own(bucket, key, version_id)
        owners = [account for account, name in s3._buckets._data if name == bucket]
        if found is not None or not owners:
            return found
        with responses.request_scope(owners[0], here()[1]):
            return read_own(bucket, key, version_id)

    s3._get_object_data = read_any


def _lock_objects() -> None:
    create_above = handlers["AWS::S3::Bucket"]["create"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name, attributes = create_above(logical_id, properties, stack_name)
        if properties.get("ObjectLockEnabled"):
            retention = properties.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention")
            s3._bucket_object_lock[name] = {"enabled": True, "default_retention": retention}
        return name, attributes

    handlers["AWS::S3::Bucket"]["create"] = create


def hosts() -> list[str]:
    """Return the names by which all buckets' objects are addressed."""
    return [
        f"{name}.s3.{region}amazonaws.com"
        for (_, name), bucket in list(s3._buckets._data.items())
        for region in ("", f"{bucket.get('region') or 'us-east-1'}.")
    ]
