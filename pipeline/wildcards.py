"""Wildcards in policies that the library writes: accepted one by one, with the reason."""

from collections.abc import Iterable
from typing import cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from stacks.acknowledgments import acknowledge

READ_ARTIFACTS = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
WRITE_ARTIFACTS = (*READ_ARTIFACTS, "s3:Abort*", "s3:DeleteObject*")
USE_KEY = ("kms:GenerateDataKey*", "kms:ReEncrypt*")


def accept_actions(policy: iam.CfnPolicy, actions: Iterable[str]) -> None:
    """Accept groups of actions on the artifact store."""
    for action in actions:
        _accept(policy, f"Action::{action}", "The library grants actions in groups; these end at the artifact store")


def accept_objects(policy: iam.CfnPolicy, buckets: Iterable[s3.IBucket], *, below: str | None = None) -> None:
    """Accept every object of the artifact buckets, or every one below a folder."""
    stack = Stack.of(policy)
    pattern = f"{below}/*" if below else "*"
    for bucket in buckets:
        # A bucket of another region is known by its name, which stands in the ARN.
        objects = stack.resolve(bucket.arn_for_objects(pattern))
        if not isinstance(objects, str):
            objects = f"<{stack.get_logical_id(cast(CfnElement, bucket.node.default_child))}.Arn>/{pattern}"
        accept_resource(
            policy, objects, "Artifacts and reviews are named anew in every run; the bucket holds nothing else"
        )


def accept_resource(policy: iam.CfnPolicy, resource: str, reason: str) -> None:
    """Accept one resource with a wildcard, written as the rule pack writes it."""
    _accept(policy, f"Resource::{resource}", reason)


def _accept(policy: iam.CfnPolicy, finding: str, reason: str) -> None:
    acknowledge(policy, {f"AwsSolutions-IAM5[{finding}]": reason})
