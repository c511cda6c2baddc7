"""Does a thing once though its event may arrive twice: EventBridge and Lambda deliver at least once.

The first to create an object in S3 does the work; S3 lets only one create it (`If-None-Match: *`).
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
        """Return whether the claim is ours; False when it was acquired before."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=b"", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "412"):
                return False
            raise
        return True

    def release(self, name: str) -> None:
        """Let another attempt acquire the claim, because the work was not done."""
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
