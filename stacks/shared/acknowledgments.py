"""Acknowledging findings of cdk-nag and cfn-lint, each with a reason."""

from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

SOLUTIONS: Final = "AwsSolutions"
CFN_LINT: Final = "CloudFormation-Validate"
STANDARDS: Final = ("NIST.800.53.R5", "PCI.DSS.321", "HIPAA.Security")
"""cdk-nag's names for its packs of standards, which share most rules and rule names."""

OWN_POLICY: Final = {
    "IAMNoInlinePolicy": "The policy belongs to this one role and nothing else can use it: it is reviewed, deployed "
    "and deleted with the role, which a managed policy would outlive."
}
"""For roles with grants: the library adds them to an inline policy of the role."""


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings in the construct and its children; `reasons` maps each rule to its reason.

    `AwsSolutions-S1` is a rule of AWS's own pack; a name without a pack, such as `S3BucketVersioningEnabled`, means the
    rule in every standard that has it; `CloudFormation-Validate::W3010` is a rule of cfn-lint. Pass the narrowest
    construct that has the finding.
    """
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=name, reason=reason) for rule, reason in reasons.items() for name in _full_names(rule))
    )


def wildcard_resource(resource: str) -> str:
    """Return the id of cdk-nag's finding about a policy that allows an action on `resource`."""
    return f"{SOLUTIONS}-IAM5[Resource::{resource}]"


def wildcard_action(action: str) -> str:
    """Return the id of the finding about a policy that allows a group of actions, such as `s3:GetObject*`."""
    return f"{SOLUTIONS}-IAM5[Action::{action}]"


def wildcard_objects(scope: IConstruct, bucket: s3.IBucket, pattern: str = "*") -> str:
    """Return the id of the finding about a policy in `scope` that allows an action on the bucket's matching objects."""
    stack = Stack.of(scope)
    written = stack.resolve(bucket.arn_for_objects(pattern))
    if not isinstance(written, str):
        # A bucket in the policy's own stack has no literal ARN.
        written = f"<{stack.get_logical_id(cast(CfnElement, bucket.node.default_child))}.Arn>/{pattern}"
    return wildcard_resource(written)


def managed_policy(name: str) -> str:
    """Return the id of the finding about a role that has AWS's managed policy `name`."""
    return f"{SOLUTIONS}-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]"


def _full_names(rule: str) -> list[str]:
    if rule.startswith(f"{CFN_LINT}::"):
        return [rule]
    # With the pack as prefix, the report keeps the finding and its reason; otherwise cdk-nag drops both.
    if rule.startswith(f"{SOLUTIONS}-"):
        return [f"{SOLUTIONS}::{rule}"]
    return [f"{pack}::{pack}-{rule}" for pack in STANDARDS]
