"""Roles in the accounts: CDK's lookup roles, the environments' reader roles, and the boundary of all roles."""

import json
from collections.abc import Iterable
from typing import Final

from aws_cdk import DefaultStackSynthesizer
from aws_cdk import aws_iam as iam
from constructs import Construct

from execution_policies.needs import BOUNDARY
from stacks.network.delivery_reader_role import READER_ROLE
from stages.yawl_stage import YawlStage

LOOKUP_ROLE: Final = (
    f"arn:aws:iam::{{account}}:role/cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}-lookup-role-{{account}}-{{region}}"
)
"""Its ARN, with places for account and region."""


def lookup_role(account: str, region: str) -> str:
    """Return the ARN of the account's role for the region."""
    return LOOKUP_ROLE.format(account=account, region=region)


EVERY_LOOKUP_ROLE: Final = LOOKUP_ROLE.format(account="*", region="*")
"""The lookup roles of all accounts that trust the pipeline's.

An environment that moved has left stacks in an account that `delivery.toml` no longer names.
"""


class Readers:
    """The delivery reader roles of the environments, of each further region as well."""

    def __init__(self, stages: Iterable[YawlStage]) -> None:
        accounts = {stage.name: stage.settings.account for stage in stages}
        self.roles = [READER_ROLE.format(account=account, environment=name) for name, account in accounts.items()]
        """Their ARNs."""
        self.variables = {"READER_ROLE": READER_ROLE, "READABLE_ENVIRONMENTS": json.dumps(list(accounts))}
        """Environment variables with which a function finds the role for a stack."""


def bound_roles(scope: Construct, *, account: str) -> None:
    """Give every role below `scope`, whose stacks are all in `account`, the account's permissions boundary.

    With least-privilege execution, CloudFormation may create no role without it. `make bootstrap` deploys the policy.
    """
    arn = f"arn:aws:iam::{account}:policy/{BOUNDARY}"
    iam.PermissionsBoundary.of(scope).apply(
        iam.ManagedPolicy.from_managed_policy_arn(scope, "PermissionsBoundary", arn)
    )
