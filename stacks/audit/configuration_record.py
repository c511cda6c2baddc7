"""What the account's resources were like, and when they changed."""

from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_config as config
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, managed_policy, wildcard_objects
from stacks.storage.data_bucket import DataBucket

POLICY: Final = "service-role/AWS_ConfigRole"


class ConfigurationRecord(Construct):
    """AWS Config in one region: all types it knows, those of no region only where `global_types` says so.

    It has a bucket of its own: AWS Config delivers to none that has Object Lock.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_log_bucket: s3.IBucket,
        global_types: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        bucket = DataBucket(self, "Bucket", key=key, access_log_bucket=access_log_bucket, retain_data=True)
        acknowledge(
            bucket,
            {
                "S3BucketReplicationEnabled": "AWS Config itself keeps the same history; the bucket is for those who "
                "read it with other tools."
            },
        )
        role = self._build_role(bucket, key)
        # Neither may wait for the other: CloudFormation starts the recorder when both are there.
        config.CfnConfigurationRecorder(
            self,
            "Recorder",
            role_arn=role.role_arn,
            recording_group=config.CfnConfigurationRecorder.RecordingGroupProperty(
                all_supported=True, include_global_resource_types=global_types
            ),
        )
        channel = config.CfnDeliveryChannel(
            self, "DeliveryChannel", s3_bucket_name=bucket.bucket_name, s3_kms_key_arn=key.key_arn
        )
        # AWS Config tries to write when the channel is made.
        channel.node.add_dependency(role)

    def _build_role(self, bucket: s3.Bucket, key: kms.IKey) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="AWS Config reads resources and writes their history with it",
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("config.amazonaws.com")),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(POLICY)],
        )
        written = f"AWSLogs/{Stack.of(self).account}/Config/*"
        for actions, resource in (
            (["s3:GetBucketAcl", "s3:ListBucket"], bucket.bucket_arn),
            (["s3:PutObject", "s3:PutObjectAcl"], bucket.arn_for_objects(written)),
            (["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(
            role,
            {
                managed_policy(POLICY): "AWS keeps this policy to what AWS Config reads; it learns new types all the "
                "time, and a copy would leave them out.",
                wildcard_objects(self, bucket, written): "AWS Config names its files after day and region; the folder "
                "is its own.",
                **OWN_POLICY,
            },
        )
        return role
