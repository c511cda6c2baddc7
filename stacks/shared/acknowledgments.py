"""Acknowledged findings of the rule packs, each with the reason."""

from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

SOLUTIONS: Final = "AwsSolutions"
CFN_LINT: Final = "CloudFormation-Validate"
STANDARDS: Final = ("NIST.800.53.R5", "PCI.DSS.321", "HIPAA.Security")
"""The packs of standards, by the names that cdk-nag gives them. They share most rules, and the rules' names."""

OWN_POLICY: Final = {
    "IAMNoInlinePolicy": "The policy belongs to this one role and nothing else can use it: it is reviewed, deployed "
    "and deleted with the role, which a managed policy would outlive."
}
"""For a role whose permissions were granted to it; the library writes them into a policy of the role's own."""


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings in the construct, and in what it is made of: rules by name, each with the reason.

    `AwsSolutions-S1` is a rule of AWS's own pack; a name without a pack, `S3BucketVersioningEnabled`, is the rule in
    every standard that has it; `CloudFormation-Validate::W3010` is a rule of cfn-lint. The construct should be the
    narrowest that has the finding.
    """
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=name, reason=reason) for rule, reason in reasons.items() for name in _full_names(rule))
    )


def wildcard_resource(resource: str) -> str:
    """Return the finding of a policy that allows something on `resource`, written as cdk-nag writes it."""
    return f"{SOLUTIONS}-IAM5[Resource::{resource}]"


def wildcard_action(action: str) -> str:
    """Return the finding of a policy that allows a group of actions, such as `s3:GetObject*`."""
    return f"{SOLUTIONS}-IAM5[Action::{action}]"


def wildcard_objects(scope: IConstruct, bucket: s3.IBucket, pattern: str = "*") -> str:
    """Return the finding of a policy in `scope` that allows something on the bucket's objects below a pattern."""
    stack = Stack.of(scope)
    written = stack.resolve(bucket.arn_for_objects(pattern))
    if not isinstance(written, str):
        # A bucket of the policy's own stack has no ARN yet.
        written = f"<{stack.get_logical_id(cast(CfnElement, bucket.node.default_child))}.Arn>/{pattern}"
    return wildcard_resource(written)


def managed_policy(name: str) -> str:
    """Return the finding of a role that has AWS's managed policy `name`."""
    return f"{SOLUTIONS}-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]"


def _full_names(rule: str) -> list[str]:
    if rule.startswith(f"{CFN_LINT}::"):
        return [rule]
    # Without the pack before it, cdk-nag drops the finding and its reason; with it, the report keeps both.
    if rule.startswith(f"{SOLUTIONS}-"):
        return [f"{SOLUTIONS}::{rule}"]
    return [f"{pack}::{pack}-{rule}" for pack in STANDARDS]
