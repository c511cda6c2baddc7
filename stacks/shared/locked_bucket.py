"""What keeps a bucket's lock from being passed by."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def deny_retention_bypass(bucket: s3.Bucket) -> None:
    """Deny everybody what deletes or replaces, under a governance lock, an object before its time.

    Governance, not compliance: that would keep a trial's account from being cleared for the whole time. So who may
    change the bucket's policy can still take the lock off, in two steps that leave traces.
    """
    nobody = iam.PolicyStatement(
        sid="KeepTheLock",
        effect=iam.Effect.DENY,
        actions=["s3:BypassGovernanceRetention"],
        resources=[bucket.arn_for_objects("*")],
    )
    nobody.add_any_principal()
    bucket.add_to_resource_policy(nobody)
