"""The part of an account's audit that one environment deploys."""

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
    """The account's trail and the region's GuardDuty and AWS Config, as far as `share` assigns them here.

    Key and buckets are retained when the stack is deleted.
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
        """`retain_data` also retains the trail's log group."""
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
                description=f"Audit records of the account ({trail_name})",
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
            not_replicated="Access logs of the trail are useful only with the trail, which is not replicated either.",
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # Class and interface name a parameter differently, which the type checker rejects.
        return cast(s3.IBucket, bucket)
