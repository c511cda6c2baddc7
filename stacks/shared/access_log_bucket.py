"""A bucket for access logs."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.acknowledgments import acknowledge


class AccessLogBucket(s3.Bucket):
    """A private bucket for access logs of S3, load balancers and CloudFront, deleted according to `expiry`.

    It is versioned, so that deleting a log leaves a version. `not_replicated` is the reason for not replicating it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        expiry: s3.LifecycleRule,
        not_replicated: str,
        removal_policy: RemovalPolicy,
        object_ownership: s3.ObjectOwnership | None = None,
        auto_delete_objects: bool | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            # S3 and load balancers cannot deliver to buckets with a customer managed key, nor S3 to locked ones.
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=object_ownership,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[expiry],
            removal_policy=removal_policy,
            auto_delete_objects=auto_delete_objects,
        )
        acknowledge(
            self,
            {
                "S3DefaultEncryptionKMS": "Neither S3 nor load balancers deliver logs to a bucket encrypted with a "
                "customer managed key; S3 encrypts them with its own.",
                "S3BucketReplicationEnabled": not_replicated,
            },
        )
