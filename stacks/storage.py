"""The buckets of one environment."""

from aws_cdk import Duration, Environment
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings.model import StorageSettings
from stacks.environment_stack import EnvironmentStack
from stacks.key import rotating_key
from stacks.retention import removal_policy


class Storage(EnvironmentStack):
    """Backups, static content, artifacts, and the access logs of everything in the environment."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        settings: StorageSettings,
        retain_data: bool,
    ) -> None:
        super().__init__(
            scope,
            "storage",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description=f"YAWL {environment_name}: buckets for backups, static content, artifacts and access logs",
            termination_protection=retain_data,
        )
        self._retain_data = retain_data
        self.key = rotating_key(self, "Key", description=f"Buckets of YAWL {environment_name}", retain_data=retain_data)
        self.access_log_bucket = s3.Bucket(
            self,
            "AccessLogBucket",
            # Neither S3 nor the load balancer can deliver logs to a bucket encrypted with a key of ours.
            encryption=s3.BucketEncryption.S3_MANAGED,
            # CloudFront's standard logging writes through an ACL.
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(settings.access_log_days))],
            removal_policy=removal_policy(retain_data=retain_data),
            auto_delete_objects=not retain_data,
        )
        self.backup_bucket = self._build_bucket(
            "BackupBucket",
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.GLACIER,
                            transition_after=Duration.days(settings.backup_glacier_days),
                        ),
                        s3.Transition(
                            storage_class=s3.StorageClass.DEEP_ARCHIVE,
                            transition_after=Duration.days(settings.backup_deep_archive_days),
                        ),
                    ],
                    noncurrent_version_expiration=Duration.days(settings.backup_noncurrent_days),
                )
            ],
        )
        self.static_bucket = self._build_bucket("StaticBucket", versioned=False)
        self.artifacts_bucket = self._build_bucket(
            "ArtifactsBucket",
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(settings.artifact_days),
                    noncurrent_version_expiration=Duration.days(settings.artifact_days),
                )
            ],
        )

    def _build_bucket(
        self, name: str, *, versioned: bool, lifecycle_rules: list[s3.LifecycleRule] | None = None
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=versioned,
            lifecycle_rules=lifecycle_rules,
            server_access_logs_bucket=self.access_log_bucket,
            server_access_logs_prefix=f"{name}/",
            removal_policy=removal_policy(retain_data=self._retain_data),
            auto_delete_objects=not self._retain_data,
        )
