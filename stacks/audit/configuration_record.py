"""The configuration history of the account's resources."""

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
    """AWS Config in one region, for all supported resource types; global types only with `global_types`.

    It has its own bucket because AWS Config cannot deliver to buckets with Object Lock.
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
                "S3BucketReplicationEnabled": "AWS Config itself keeps the same history; the bucket is for reading it "
                "with other tools."
            },
        )
        role = self._build_role(bucket, key)
        # Neither may depend on the other: CloudFormation starts the recorder once both exist.
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
        # AWS Config writes a test file when the channel is created.
        channel.node.add_dependency(role)

    def _build_role(self, bucket: s3.Bucket, key: kms.IKey) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="Assumed by AWS Config to read resources and write their history",
            # Class and interface name a parameter differently, which the type checker rejects.
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
                managed_policy(POLICY): "AWS limits this policy to what AWS Config reads and extends it with new "
                "resource types, which a copy would miss.",
                wildcard_objects(self, bucket, written): "AWS Config names its files by day and region; nothing else "
                "uses the folder.",
                **OWN_POLICY,
            },
        )
        return role
