"""Whether CloudFront takes distributions of this account."""

from collections.abc import Iterator

from tools.accounts.checks.context import Site
from tools.accounts.findings import Finding, good, note


def check_distributions(site: Site) -> Iterator[Finding]:
    """Look for a distribution: an account that has one has been verified.

    CloudFront refuses distributions of an account that AWS has not verified ("Your account must be verified before you
    can add new CloudFront resources"). No API tells whether it has been.
    """
    if not any(True for stack in site.stacks for _ in stack.of_type("AWS::CloudFront::Distribution")):
        return
    answer = site.client("cloudfront", "us-east-1").list_distributions(MaxItems="1")["DistributionList"]
    if answer.get("Items"):
        yield good("has a CloudFront distribution: AWS has verified the account")
        return
    yield note(
        "has no CloudFront distribution yet: AWS may want to verify a new account first, and nothing tells before",
        "if the first delivery fails with “Your account must be verified”, open a case with AWS Support (Account and "
        "billing, free of charge) that quotes the message; then retry the stage",
    )
