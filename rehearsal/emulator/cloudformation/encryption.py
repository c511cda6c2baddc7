"""The key that encrypts a stack's bucket or topic, which ministack's CloudFormation drops."""

from typing import Any
from xml.sax.saxutils import escape

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, s3, sns

BUCKET, TOPIC = "AWS::S3::Bucket", "AWS::SNS::Topic"
ALGORITHM_HEADER = "x-amz-server-side-encryption"
KEY_HEADER = f"{ALGORITHM_HEADER}-aws-kms-key-id"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def register() -> None:
    """Store the default encryption of buckets and topics that their templates declare."""
    providers.register(providers.Details(BUCKET, _store_bucket), providers.Details(TOPIC, _store_topic))
    above = s3._resolve_sse_write_headers

    def resolve(headers: dict[str, str], bucket: str) -> Any:
        """Use S3's own key if the request names none (S3 API Reference, PutObject, `ssekms-key-id`)."""
        if headers.get(ALGORITHM_HEADER) == "aws:kms" and not headers.get(KEY_HEADER):
            headers = {**headers, KEY_HEADER: "alias/aws/s3"}
        return above(headers, bucket)

    s3._resolve_sse_write_headers = resolve


def _store_bucket(name: str, properties: Properties) -> None:
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    if not rules:
        s3._bucket_encryption.pop(name, None)
        return
    default = rules[0].get("ServerSideEncryptionByDefault", {})
    key = default.get("KMSMasterKeyID", "")
    uses_bucket_key = str(rules[0].get("BucketKeyEnabled", "false")).lower()
    s3._bucket_encryption[name] = (
        f'<ServerSideEncryptionConfiguration xmlns="{NAMESPACE}"><Rule><ApplyServerSideEncryptionByDefault>'
        f"<SSEAlgorithm>{escape(default.get('SSEAlgorithm', 'AES256'))}</SSEAlgorithm>"
        + (f"<KMSMasterKeyID>{escape(key)}</KMSMasterKeyID>" if key else "")
        + "</ApplyServerSideEncryptionByDefault>"
        f"<BucketKeyEnabled>{uses_bucket_key}</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
    )


def _store_topic(arn: str, properties: Properties) -> None:
    attributes = sns._topics[arn]["attributes"]
    if key := properties.get("KmsMasterKeyId"):
        attributes["KmsMasterKeyId"] = key
    else:
        attributes.pop("KmsMasterKeyId", None)
