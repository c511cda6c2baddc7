"""What S3 acts as when it copies new objects of a bucket into another one."""

from typing import cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_objects


class ReplicationRole(iam.Role):
    """A role for S3, which may do nothing until it is told what it copies.

    The library would make one by itself, and let it use every key of the other region.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description="S3 copies new backups into another region with it",
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("s3.amazonaws.com")),
        )

    def allow(self, *, source: s3.Bucket, key: kms.IKey, destination: s3.IBucket, destination_key: kms.IKey) -> None:
        """Let it read the versions of one bucket and write their copies into the other, each with its key."""
        for actions, resource in (
            (["s3:GetReplicationConfiguration", "s3:ListBucket"], source.bucket_arn),
            (
                ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
                source.arn_for_objects("*"),
            ),
            (["s3:ReplicateObject", "s3:ReplicateTags"], destination.arn_for_objects("*")),
            (["kms:Decrypt"], key.key_arn),
            # A bucket key of the destination is decrypted before it encrypts another copy.
            (["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], destination_key.key_arn),
        ):
            self.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(self, OWN_POLICY)
        for bucket in (source, destination):
            acknowledge(
                self,
                {
                    wildcard_objects(self, bucket): "All objects of the one bucket: replication copies whatever is "
                    "written into it."
                },
            )
