"""The role that S3 assumes to replicate a bucket."""

from typing import cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_objects


class ReplicationRole(iam.Role):
    """A replication role for S3 without permissions; `allow` adds those for one pair of buckets.

    The library's own role could use every key in the other region.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Assumed by S3 to replicate new backups to another region",
            # Class and interface name a parameter differently, which the type checker rejects.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("s3.amazonaws.com")),
        )

    def allow(self, *, source: s3.Bucket, key: kms.IKey, destination: s3.IBucket, destination_key: kms.IKey) -> None:
        """Allow reading versions from the source bucket and writing replicas to the destination, with their keys."""
        for actions, resource in (
            (["s3:GetReplicationConfiguration", "s3:ListBucket"], source.bucket_arn),
            (
                ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
                source.arn_for_objects("*"),
            ),
            (["s3:ReplicateObject", "s3:ReplicateTags"], destination.arn_for_objects("*")),
            (["kms:Decrypt"], key.key_arn),
            # S3 decrypts the destination's bucket key before it encrypts another replica.
            (["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], destination_key.key_arn),
        ):
            self.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(self, OWN_POLICY)
        for bucket in (source, destination):
            acknowledge(
                self,
                {
                    wildcard_objects(self, bucket): "All objects of this one bucket: replication copies every "
                    "new version."
                },
            )
