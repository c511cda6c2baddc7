"""A bucket for an environment's data: private, logged, and encrypted with a customer managed key."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.retention import removal_policy

ABANDONED_UPLOAD_DAYS: Final = 7
"""When parts of an incomplete upload are deleted; they are invisible but cost money."""

ALGORITHM: Final = "s3:x-amz-server-side-encryption"
KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"


class DataBucket(s3.Bucket):
    """A private, versioned bucket that always encrypts with `key` and requires TLS."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_log_bucket: s3.IBucket | None,
        retain_data: bool,
        bucket_name: str | None = None,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        cors: Sequence[s3.CorsRule] = (),
        replication_rules: Sequence[s3.ReplicationRule] = (),
        replication_role: iam.IRole | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            bucket_name=bucket_name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            # Objects encrypted with a client's own key would be lost with that key.
            blocked_encryption_types=[s3.BlockedEncryptionType.SSE_C],
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(ABANDONED_UPLOAD_DAYS)),
                *lifecycle_rules,
            ],
            cors=list(cors),
            replication_rules=list(replication_rules),
            replication_role=replication_role,
            server_access_logs_bucket=access_log_bucket,
            server_access_logs_prefix=f"s3/{construct_id}/" if access_log_bucket else None,
            removal_policy=removal_policy(retain_data=retain_data),
            auto_delete_objects=not retain_data,
        )
        self._deny_other_encryption(key)

    def _deny_other_encryption(self, key: kms.IKey) -> None:
        """Deny uploads that request an encryption other than the bucket's.

        S3 encrypts uploads that request nothing with the bucket's key, so the `Null` conditions exempt them. An upload
        that requests KMS without naming a key would use the AWS managed key, which CloudFront and other accounts cannot
        use.
        """
        asks = {"Null": {ALGORITHM: "false"}}
        objects = self.arn_for_objects("*")
        for sid, otherwise in {
            "DenyOtherAlgorithms": {"StringNotEquals": {ALGORITHM: "aws:kms"}},
            "DenyOtherKeys": {"ArnNotEquals": {KEY: key.key_arn}},
        }.items():
            denial = {
                "Sid": sid,
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "s3:PutObject",
                "Resource": objects,
                "Condition": {**asks, **otherwise},
            }
            self.add_to_resource_policy(iam.PolicyStatement.from_json(denial))
