"""The account's audit trail: all management events."""

from typing import Final, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge
from stacks.shared.locked_bucket import deny_retention_bypass
from stacks.shared.log_group import LogGroup

CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"


class AuditTrail(Construct):
    """CloudTrail for all regions of the account, delivered to a locked bucket and to a log group for searching.

    Nobody can delete or replace files in the bucket for `retention_days`, unless an administrator first changes the
    bucket's policy, which the trail records. Digest files signed by AWS reveal missing or changed files.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        key: kms.IKey,
        access_log_bucket: s3.IBucket,
        retention_days: int,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        # A fixed name: the policies of bucket and key refer to the trail before it exists.
        self._arn = Stack.of(self).format_arn(service="cloudtrail", resource="trail", resource_name=trail_name)
        bucket = self._build_bucket(retention_days, key=key, access_log_bucket=access_log_bucket)
        self._let_cloudtrail_encrypt(key)
        log_group = LogGroup(self, "Log", key=key, retention_days=log_retention_days, retain_data=retain_data)
        role = iam.Role(
            self,
            "LogRole",
            description="Assumed by CloudTrail to write to its log group",
            assumed_by=_cloudtrail(),
        )
        log_group.grant_write(role)
        acknowledge(role, OWN_POLICY)
        trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=trail_name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=key.key_arn,
            s3_bucket_name=bucket.bucket_name,
            cloud_watch_logs_log_group_arn=log_group.log_group_arn,
            cloud_watch_logs_role_arn=role.role_arn,
        )
        # CloudTrail tests both when the trail is created.
        trail.node.add_dependency(bucket, role)

    def _build_bucket(self, retention_days: int, *, key: kms.IKey, access_log_bucket: s3.IBucket) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_default_retention=s3.ObjectLockRetention.governance(Duration.days(retention_days)),
            # Versions expire one day after their lock.
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(retention_days), noncurrent_version_expiration=Duration.days(1)
                )
            ],
            server_access_logs_bucket=access_log_bucket,
            server_access_logs_prefix="trail/",
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            bucket,
            {
                "S3BucketReplicationEnabled": "Each account keeps its own trail in its own region. For copies "
                "elsewhere, use an organization trail and disable this one."
            },
        )
        deny_retention_bypass(bucket)
        from_the_trail = {"aws:SourceArn": self._arn}
        whole = {"s3:x-amz-acl": "bucket-owner-full-control"}
        for action, resource, conditions in (
            ("s3:GetBucketAcl", bucket.bucket_arn, from_the_trail),
            (
                "s3:PutObject",
                bucket.arn_for_objects(f"AWSLogs/{Stack.of(self).account}/*"),
                {**from_the_trail, **whole},
            ),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=[action],
                    resources=[resource],
                    principals=[_cloudtrail()],
                    conditions={"StringEquals": conditions},
                )
            )
        return bucket

    def _let_cloudtrail_encrypt(self, key: kms.IKey) -> None:
        """Allow the trail to encrypt its files with the bucket's key."""
        key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:DescribeKey", "kms:GenerateDataKey*"],
                # In a key policy "*" means this key.
                resources=["*"],
                principals=[_cloudtrail()],
                conditions={"StringEquals": {"aws:SourceArn": self._arn}},
            )
        )


def _cloudtrail() -> iam.IPrincipal:
    # Class and interface name a parameter differently, which the type checker rejects.
    return cast(iam.IPrincipal, iam.ServicePrincipal(CLOUDTRAIL))
