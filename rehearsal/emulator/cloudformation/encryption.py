"""Which key a stack's bucket or topic is encrypted with: ministack's CloudFormation forgets it."""

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.emulator.internals import Properties, Provisioned, handlers, s3, sns

BUCKET, TOPIC = "AWS::S3::Bucket", "AWS::SNS::Topic"
ALGORITHM_HEADER = "x-amz-server-side-encryption"
KEY_HEADER = f"{ALGORITHM_HEADER}-aws-kms-key-id"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def register() -> None:
    """Keep the default encryption of buckets and topics as their templates say."""
    _keep(BUCKET, _keep_bucket)
    _keep(TOPIC, _keep_topic)
    above = s3._resolve_sse_write_headers

    def resolve(headers: dict[str, str], bucket: str) -> Any:
        """Take S3's own key where a request names none (S3 API Reference, PutObject, `ssekms-key-id`)."""
        if headers.get(ALGORITHM_HEADER) == "aws:kms" and not headers.get(KEY_HEADER):
            headers = {**headers, KEY_HEADER: "alias/aws/s3"}
        return above(headers, bucket)

    s3._resolve_sse_write_headers = resolve


def _keep(resource_type: str, keep: Callable[[str, Properties], None]) -> None:
    above = dict(handlers[resource_type])

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        provisioned = above["create"](logical_id, properties, stack_name)
        keep(provisioned[0], properties)
        return provisioned

    def update(physical_id: str, old: Properties, new: Properties, stack_name: str, *rest: str) -> Provisioned:
        provisioned = above["update"](physical_id, old, new, stack_name, *rest)
        keep(provisioned[0], new)
        return provisioned

    handlers[resource_type] = {**above, "create": create, **({"update": update} if "update" in above else {})}


def _keep_bucket(name: str, properties: Properties) -> None:
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


def _keep_topic(arn: str, properties: Properties) -> None:
    attributes = sns._topics[arn]["attributes"]
    if key := properties.get("KmsMasterKeyId"):
        attributes["KmsMasterKeyId"] = key
    else:
        attributes.pop("KmsMasterKeyId", None)
