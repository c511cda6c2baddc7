"""Checks whether AWS has verified the account for CloudFront."""

from collections.abc import Iterator

from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, note


def check_distributions(context: CheckContext) -> Iterator[Finding]:
    """Look for a distribution: an account that has one is verified.

    CloudFront refuses distributions of an account that AWS has not verified ("Your account must be verified before you
    can add new CloudFront resources"). No API shows the verification.
    """
    if not any(True for stack in context.stacks for _ in stack.of_type("AWS::CloudFront::Distribution")):
        return
    answer = context.client("cloudfront", "us-east-1").list_distributions(MaxItems="1")["DistributionList"]
    if answer.get("Items"):
        yield good("has a CloudFront distribution: AWS has verified the account")
        return
    yield note(
        "has no CloudFront distribution yet: AWS may have to verify a new account first, which no API shows",
        "if the first delivery fails with “Your account must be verified”, open a case with AWS Support (Account and "
        "billing, free of charge) that quotes the message; then retry the stage",
    )
