"""Findings of the rule packs that stay, each with the reason."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

SOLUTIONS: Final = "AwsSolutions"
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
    every standard that has it. The construct should be the narrowest that has the finding.
    """
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=name, reason=reason) for rule, reason in reasons.items() for name in _full_names(rule))
    )


def _full_names(rule: str) -> list[str]:
    # Without the pack before it, cdk-nag drops the finding and its reason; with it, the report keeps both.
    if rule.startswith(f"{SOLUTIONS}-"):
        return [f"{SOLUTIONS}::{rule}"]
    return [f"{pack}::{pack}-{rule}" for pack in STANDARDS]
