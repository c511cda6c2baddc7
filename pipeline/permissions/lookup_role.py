"""The role that the CDK's bootstrap makes in every account and region for looking at it."""

from collections.abc import Iterable
from typing import Final

from aws_cdk import DefaultStackSynthesizer

from settings import EnvironmentSettings

LOOKUP_ROLE: Final = (
    f"arn:aws:iam::{{account}}:role/cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}-lookup-role-{{account}}-{{region}}"
)
"""Its ARN, with places for account and region."""


def lookup_role(account: str, region: str) -> str:
    """Return the ARN of the account's role for the region."""
    return LOOKUP_ROLE.format(account=account, region=region)


def lookup_roles(environments: Iterable[EnvironmentSettings]) -> list[str]:
    """Return the ARNs of the roles that may look at the environments."""
    return list(dict.fromkeys(lookup_role(one.account, region) for one in environments for region in one.regions))
