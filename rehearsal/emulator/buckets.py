"""One name space for buckets: ministack keeps them by account, and AWS finds a bucket whoever owns it.

A request that is not signed finds it too, and gets what the bucket lets everybody have.
"""

from rehearsal.emulator.internals import Properties, handlers, here, responses, s3


def register() -> None:
    """Let services read objects of buckets in other accounts, and stacks delete no bucket that holds something."""
    _read_everywhere()
    _delete_empty_ones_only()


def _delete_empty_ones_only() -> None:
    above = dict(handlers["AWS::S3::Bucket"])

    def delete(name: str, properties: Properties) -> None:
        bucket = s3._buckets.get(name)
        if bucket is not None and bucket["objects"]:
            raise ValueError(f"The bucket you tried to delete is not empty: {name}")
        above["delete"](name, properties)

    handlers["AWS::S3::Bucket"] = {**above, "delete": delete}


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


def hosts() -> list[str]:
    """Return the names by which all buckets' objects are addressed."""
    return [
        f"{name}.s3.{region}amazonaws.com"
        for (_, name), bucket in list(s3._buckets._data.items())
        for region in ("", f"{bucket.get('region') or 'us-east-1'}.")
    ]
