"""An account's audit, as much of it as is in one place."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import AuditShare
from stacks.audit.audit_trail import AuditTrail
from stacks.audit.configuration_record import ConfigurationRecord
from stacks.shared.access_log_bucket import AccessLogBucket
from stacks.shared.key import RotatingKey


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
                logs=share.trail,
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
        bucket = AccessLogBucket(
            self,
            "AccessLogBucket",
            expiry=s3.LifecycleRule(
                expiration=Duration.days(retention_days), noncurrent_version_expiration=Duration.days(1)
            ),
            not_replicated="Who read the trail is of use where the trail is, which is not replicated either.",
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # The library's class names parameters otherwise than its interface, which the type checker minds.
        return cast(s3.IBucket, bucket)
