"""The buckets and keys of the pipeline's artifacts, one for each region with actions."""

from typing import cast

from aws_cdk import Duration, Environment, PhysicalName, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.access_log_bucket import AccessLogBucket
from stacks.shared.acknowledgments import acknowledge
from stacks.shared.key import RotatingKey


class ArtifactStore(Construct):
    """A bucket that expires objects after `retention_days`, its rotating key, and its access log.

    Other accounts could not decrypt with S3's own key. A `replica` serves the actions of another region; the pipeline
    refers to its bucket and key by names, which must not be generated.
    """

    def __init__(self, scope: Construct, construct_id: str, *, retention_days: int, replica: bool = False) -> None:
        super().__init__(scope, construct_id)
        key = RotatingKey(
            self,
            "Key",
            description="Artifacts and notifications of yawl-delivery",
            used_through=("s3",) if replica else ("codebuild", "s3", "sns"),
            logs=not replica,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.key = cast(kms.IKey, key)
        self.alias_name: str | None = None
        """The key's alias, by which a pipeline in another region refers to it."""
        if replica:
            alias = kms.Alias(self, "Alias", alias_name=PhysicalName.GENERATE_IF_NEEDED, target_key=self.key)
            self.key = cast(kms.IKey, alias)
            self.alias_name = alias.alias_name
        expiry = s3.LifecycleRule(
            expiration=Duration.days(retention_days),
            noncurrent_version_expiration=Duration.days(1),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        )
        self.access_log_bucket = AccessLogBucket(
            self,
            "AccessLogBucket",
            expiry=expiry,
            not_replicated="Access logs are useful only as long as the artifacts, which are not replicated either.",
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=PhysicalName.GENERATE_IF_NEEDED if replica else None,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[expiry],
            server_access_logs_bucket=cast(s3.IBucket, self.access_log_bucket),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            bucket,
            {"S3BucketReplicationEnabled": "Artifacts are built from commits; another execution builds them again."},
        )
        # The library's classes do not name every parameter as its interfaces do, which the type checker minds.
        self.bucket = cast(s3.IBucket, bucket)


class ReplicaStore(Stack):
    """The artifact store of one more region: CodePipeline copies there what the region's actions read."""

    def __init__(self, scope: Construct, construct_id: str, *, env: Environment, retention_days: int) -> None:
        super().__init__(scope, construct_id, env=env, description=f"Artifacts of yawl-delivery for {env.region}")
        self.store = ArtifactStore(self, "ArtifactStore", retention_days=retention_days, replica=True)
