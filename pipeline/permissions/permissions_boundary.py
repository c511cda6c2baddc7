"""The limit of every role that the delivery creates, where CloudFormation may do only what the templates take.

CloudFormation may then create no role without it: `execution_policies/` makes both, `make bootstrap` puts them into the
accounts.
"""

from typing import Final

from aws_cdk import aws_iam as iam
from constructs import Construct

NAME: Final = "yawl-permissions-boundary"
"""The policy in each account."""


def bound_roles(scope: Construct, *, account: str) -> None:
    """Give every role below `scope`, whose stacks are all in `account`, the account's boundary."""
    arn = f"arn:aws:iam::{account}:policy/{NAME}"
    iam.PermissionsBoundary.of(scope).apply(
        iam.ManagedPolicy.from_managed_policy_arn(scope, "PermissionsBoundary", arn)
    )
