"""An account's audit, as much of it as is in one place."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import AuditShare
from stacks.acknowledgments import acknowledge
from stacks.audit_trail import AuditTrail
from stacks.configuration_record import ConfigurationRecord
from stacks.key import RotatingKey


class AccountAudit(Construct):
    """The trail of the account, and GuardDuty and AWS Config of the region, where `share` has them here.

    What is written outlives everything: key and buckets stay when the stack goes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        share: AuditShare,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        """`retain_data` keeps the copy of the trail that can be searched, too."""
        super().__init__(scope, construct_id)
        if share.guardduty:
            guardduty.CfnDetector(self, "Detector", enable=True)
        if not (share.trail or share.config):
            return
        key = cast(
            kms.IKey,
            RotatingKey(
                self,
                "Key",
                description=f"What is written down of the account by {trail_name}",
                used_through=("s3",),
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            ),
        )
        access_log_bucket = self._build_access_log_bucket(share.settings.trail_retention_days)
        if share.trail:
            AuditTrail(
                self,
                "Trail",
                trail_name=trail_name,
                key=key,
                access_log_bucket=access_log_bucket,
                retention_days=share.settings.trail_retention_days,
                log_retention_days=log_retention_days,
                retain_data=retain_data,
            )
        if share.config:
            ConfigurationRecord(
                self,
                "Configuration",
                key=key,
                access_log_bucket=access_log_bucket,
                global_types=share.first_in_account,
            )

    def _build_access_log_bucket(self, retention_days: int) -> s3.IBucket:
        bucket = s3.Bucket(
            self,
            "AccessLogBucket",
            # S3 cannot deliver its logs to a bucket encrypted with a key of ours, nor to one that is locked.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(retention_days), noncurrent_version_expiration=Duration.days(1)
                )
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            bucket,
            {
                "S3DefaultEncryptionKMS": "S3 cannot deliver its logs to a bucket encrypted with a key of ours; it "
                "encrypts them with its own.",
                "S3BucketReplicationEnabled": "Who read the trail is of use where the trail is, which is not "
                "replicated either.",
            },
        )
        # The library's class names parameters otherwise than its interface, which the type checker minds.
        return cast(s3.IBucket, bucket)
