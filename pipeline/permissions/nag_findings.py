"""Wildcards in policies that the library writes: each finding of the rule pack, with the reason why it is accepted."""

from collections.abc import Iterable
from typing import cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_s3 as s3

READ_ARTIFACTS = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
WRITE_ARTIFACTS = (*READ_ARTIFACTS, "s3:Abort*", "s3:DeleteObject*")
USE_KEY = ("kms:GenerateDataKey*", "kms:ReEncrypt*")


def actions(names: Iterable[str]) -> dict[str, str]:
    """Return the findings of groups of actions on the artifact store."""
    reason = "The library grants actions in groups; these end at the artifact store"
    return {_finding(f"Action::{name}"): reason for name in names}


def objects(stack: Stack, buckets: Iterable[s3.IBucket], *, below: str | None = None) -> dict[str, str]:
    """Return the findings of every object of the artifact buckets, or every one below a folder, in the stack."""
    pattern = f"{below}/*" if below else "*"
    findings: dict[str, str] = {}
    for bucket in buckets:
        # A bucket of another region is known by its name, which stands in the ARN.
        written = stack.resolve(bucket.arn_for_objects(pattern))
        if not isinstance(written, str):
            written = f"<{stack.get_logical_id(cast(CfnElement, bucket.node.default_child))}.Arn>/{pattern}"
        findings |= resource(
            written, "Artifacts and reviews are named anew in every run; the bucket holds nothing else"
        )
    return findings


def resource(written: str, reason: str) -> dict[str, str]:
    """Return the finding of one resource with a wildcard, written as the rule pack writes it."""
    return {_finding(f"Resource::{written}"): reason}


def _finding(what: str) -> str:
    return f"AwsSolutions-IAM5[{what}]"
