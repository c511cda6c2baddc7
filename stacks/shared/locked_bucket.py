"""Protection of a bucket's Object Lock."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def deny_retention_bypass(bucket: s3.Bucket) -> None:
    """Deny everybody the permission to bypass governance retention.

    Not compliance mode: nobody could empty a trial account before the retention ends. Administrators who may change
    the bucket's policy can still remove the lock, in two steps that CloudTrail records.
    """
    nobody = iam.PolicyStatement(
        sid="KeepTheLock",
        effect=iam.Effect.DENY,
        actions=["s3:BypassGovernanceRetention"],
        resources=[bucket.arn_for_objects("*")],
    )
    nobody.add_any_principal()
    bucket.add_to_resource_policy(nobody)
