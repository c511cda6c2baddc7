"""Sees to it that a thing is done once, though its event may come twice.

EventBridge and Lambda deliver every event at least once. Who is first to create an object does the work; S3 lets one
create it (`If-None-Match: *`).
"""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Claims:
    """Objects in a bucket that expires them."""

    client: Any
    """A boto3 client of S3."""
    bucket: str
    prefix: str

    def acquire(self, name: str) -> bool:
        """Return whether the claim is ours; False when somebody has had it before."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=b"", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "412"):
                return False
            raise
        return True

    def release(self, name: str) -> None:
        """Let somebody else try, because the work was not done."""
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
