"""A key of our own, which rotates, and which an IAM policy alone lets nobody decrypt with."""

from collections.abc import Sequence
from typing import Final, cast

import jsii
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import override

from stacks.retention import removal_policy

ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    # Not `kms:Create*`: whoever may create grants may give himself one to decrypt by.
    "kms:CreateAlias",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:RetireGrant",
    "kms:Revoke*",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)
"""What IAM policies of the account may allow with no service in between, so that no key is ever left without a master.

The families are those of "Allows key administrators to administer the KMS key" in the KMS Developer Guide.
"""
USE: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
HOLD_ON: Final = ("backup", "elasticache", "rds", "secretsmanager")
"""Services that go on using a key when nobody asks them to, by a grant that they are given at creation."""


class RotatingKey(kms.Key):
    """A KMS key that rotates yearly, and is used through the services of its purpose only.

    The library's own key policy allows the account everything: any IAM policy then lets its holder decrypt. Here an
    IAM policy of the account counts where one of the services `used_through` (`rds`, `s3`, …, of the key's region)
    asks on the holder's behalf. Services that act for themselves, and other accounts, are added statement by statement.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        used_through: Sequence[str],
        removal_policy: RemovalPolicy,
    ) -> None:
        stack = Stack.of(scope)
        self._account = stack.account
        self._through = _through(stack, used_through)
        policy = iam.PolicyDocument(statements=[_by_the_account("AdministerByIamPolicies", ADMINISTRATION)])
        super().__init__(
            scope,
            construct_id,
            description=description,
            enable_key_rotation=True,
            policy=policy,
            removal_policy=removal_policy,
        )
        if used_through:
            use = _by_the_account("UseThroughServices", USE)
            use.add_conditions(self._through)
            policy.add_statements(use)
        if holding := [service for service in used_through if service in HOLD_ON]:
            grant = _by_the_account("GrantThroughServices", ("kms:CreateGrant",))
            grant.add_conditions({**_through(stack, holding), "Bool": {"kms:GrantIsForAWSResource": "true"}})
            policy.add_statements(grant)

    @jsii.member(jsii_name="addToResourcePolicy")
    @override
    def add_to_resource_policy(
        self, statement: iam.PolicyStatement, allow_no_op: bool | None = None
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement; what it would allow the whole account, it allows through the key's services.

        The library grants so where it must not name a role: one of a stack that is built on the key's.
        """
        written = Stack.of(self).resolve(statement.to_statement_json())
        everybody = f":iam::{self._account}:root" in str(written.get("Principal"))
        if everybody and "kms:ViaService" not in str(written.get("Condition")):
            statement.add_conditions(self._through)
        return super().add_to_resource_policy(statement, allow_no_op)


def rotating_key(
    scope: Construct, construct_id: str, *, description: str, used_through: Sequence[str], retain_data: bool
) -> kms.IKey:
    """Return a `RotatingKey` that lives as long as the data it encrypts."""
    key = RotatingKey(
        scope,
        construct_id,
        description=description,
        used_through=used_through,
        removal_policy=removal_policy(retain_data=retain_data),
    )
    # The library's Key does not name one parameter as its interface does, which the type checker minds.
    return cast(kms.IKey, key)


def _through(stack: Stack, services: Sequence[str]) -> dict[str, dict[str, str | list[str]]]:
    """Return the condition that one of the services asks, in the stack's region and for somebody of its account."""
    asking = [f"{service}.{stack.region}.amazonaws.com" for service in services]
    return {"StringEquals": {"kms:CallerAccount": stack.account, "kms:ViaService": asking}}


def _by_the_account(sid: str, actions: Sequence[str]) -> iam.PolicyStatement:
    """Allow the account, which is whoever an IAM policy of the account allows it."""
    statement = iam.PolicyStatement(
        sid=sid,
        actions=list(actions),
        # In a key's policy "*" is this key.
        resources=["*"],
    )
    statement.add_account_root_principal()
    return statement
