"""The buckets of one environment."""

from typing import Final, cast

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import StorageSettings
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.recovery_copies_stack import RecoveryCopies
from stacks.shared.access_log_bucket import AccessLogBucket
from stacks.shared.acknowledgments import acknowledge
from stacks.shared.key import rotating_key
from stacks.shared.output_copy import OutputCopy
from stacks.shared.retention import removal_policy
from stacks.shared.test_variables import TestVariables
from stacks.storage import check_object
from stacks.storage.check_object import CheckObject
from stacks.storage.data_bucket import DataBucket
from stacks.storage.replication_role import ReplicationRole

OVERWRITTEN_DAYS: Final = 30
"""How long overwritten or deleted versions are kept, unless the reference gives a figure."""


class Storage(EnvironmentStack):
    """Backups, static content, artifacts, and the access logs of everything in the environment."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: StorageSettings,
        copies: RecoveryCopies | None,
    ) -> None:
        super().__init__(
            scope,
            "storage",
            context=context,
            description=f"YAWL {context.name}: buckets for backups, static content, artifacts and access logs",
            termination_protection=context.retain_data,
        )
        self.key = rotating_key(
            self,
            "Key",
            description=f"Buckets of YAWL {context.name}",
            used_through=("s3",),
            logs=True,
            retain_data=context.retain_data,
        )
        self.access_log_bucket = AccessLogBucket(
            self,
            "AccessLogBucket",
            expiry=s3.LifecycleRule(
                expiration=Duration.days(settings.access_log_days),
                noncurrent_version_expiration=Duration.days(OVERWRITTEN_DAYS),
            ),
            not_replicated="Access logs describe this region's resources; if the region is lost, so are the "
            "resources they describe.",
            # CloudFront's standard logging needs ACLs.
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
            removal_policy=removal_policy(retain_data=context.retain_data),
            auto_delete_objects=not context.retain_data,
        )
        replication_role = None if copies is None else ReplicationRole(self, "ReplicationRole")
        copies_key = (
            None
            if copies is None
            else kms.Key.from_key_arn(self, "CopiesKey", OutputCopy(self, "CopiesKeyArn", copies.key.key_arn).value)
        )
        self.backup_bucket = DataBucket(
            self,
            "BackupBucket",
            key=self.key,
            access_log_bucket=self.access_log_bucket,
            retain_data=context.retain_data,
            replication_rules=[] if copies is None or copies_key is None else [_replication(copies, copies_key)],
            replication_role=cast(iam.IRole, replication_role) if replication_role else None,
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
        if copies is not None and copies_key is not None and replication_role is not None:
            replication_role.allow(
                source=self.backup_bucket,
                key=self.key,
                destination=cast(s3.IBucket, copies.bucket),
                destination_key=copies_key,
            )
        self.static_bucket = DataBucket(
            self,
            "StaticBucket",
            key=self.key,
            access_log_bucket=self.access_log_bucket,
            retain_data=context.retain_data,
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=Duration.days(OVERWRITTEN_DAYS))],
            cors=[
                s3.CorsRule(
                    # The content is public through CloudFront: pages of any origin may read it, none may write.
                    allowed_origins=["*"],
                    allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
                    allowed_headers=["*"],
                    max_age=3600,
                )
            ],
        )
        self._let_cloudfront_read(self.static_bucket)
        CheckObject(self, "CheckObject", bucket=self.static_bucket, key=self.key)
        self.test_variables = TestVariables(
            self, {"STATIC_BUCKET": self.static_bucket.bucket_name, "STATIC_PATH": check_object.PATH}
        )
        self.artifacts_bucket = DataBucket(
            self,
            "ArtifactsBucket",
            key=self.key,
            access_log_bucket=self.access_log_bucket,
            retain_data=context.retain_data,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(settings.artifact_days),
                    noncurrent_version_expiration=Duration.days(settings.artifact_days),
                )
            ],
        )
        self._acknowledge_trades()

    def _acknowledge_trades(self) -> None:
        for bucket, reason in {
            self.backup_bucket: "Backups are versioned and stored across several zones, which is enough for an "
            "environment without recovery.copy_region.",
            self.static_bucket: "Static content is a copy of files built elsewhere and can be uploaded again.",
            self.artifacts_bucket: "Artifacts are built from commits and can be rebuilt from them at any time.",
        }.items():
            acknowledge(bucket, {"S3BucketReplicationEnabled": reason})

    def _let_cloudfront_read(self, bucket: s3.Bucket) -> None:
        """Let this account's distributions read the bucket.

        Naming the one distribution would create a circular dependency: its stack depends on the bucket's.
        """
        distributions = f"arn:{self.partition}:cloudfront::{self.account}:distribution/*"
        # In a key policy "*" means this key.
        for policy_of, action, resource in (
            (bucket, "s3:GetObject", bucket.arn_for_objects("*")),
            (self.key, "kms:Decrypt", "*"),
        ):
            permission = iam.PolicyStatement(
                actions=[action], resources=[resource], conditions={"ArnLike": {"aws:SourceArn": distributions}}
            )
            permission.add_service_principal("cloudfront.amazonaws.com")
            policy_of.add_to_resource_policy(permission)


def _replication(copies: RecoveryCopies, key: kms.IKey) -> s3.ReplicationRule:
    """Return a rule that copies new versions within 15 minutes (S3's service level), and no deletions."""
    return s3.ReplicationRule(
        destination=cast(s3.IBucket, copies.bucket),
        kms_key=key,
        sse_kms_encrypted_objects=True,
        replication_time_control=s3.ReplicationTimeValue.FIFTEEN_MINUTES,
        metrics=s3.ReplicationTimeValue.FIFTEEN_MINUTES,
        delete_marker_replication=False,
    )
