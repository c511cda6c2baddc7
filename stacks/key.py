"""A key of our own, which rotates, and which an IAM policy alone lets nobody decrypt with."""

from collections.abc import Sequence
from typing import Any, Final, cast

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

THIS_KEY: Final = "*"
"""What the one key is called in its own policy."""


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
        self._account, self._region = stack.account, stack.region
        self._logs_may_use = False
        self._through = self._asked_through(used_through)
        account = iam.AccountRootPrincipal()
        statements = [_by_the_account(account, "AdministerByIamPolicies", ADMINISTRATION)]
        if used_through:
            statements.append(_by_the_account(account, "UseThroughServices", USE, conditions=self._through))
        if holding := [service for service in used_through if service in HOLD_ON]:
            given_at_creation = {**self._asked_through(holding), "Bool": {"kms:GrantIsForAWSResource": "true"}}
            statements.append(
                _by_the_account(account, "GrantThroughServices", ("kms:CreateGrant",), conditions=given_at_creation)
            )
        super().__init__(
            scope,
            construct_id,
            description=description,
            enable_key_rotation=True,
            policy=iam.PolicyDocument(statements=statements),
            removal_policy=removal_policy,
        )

    @jsii.member(jsii_name="addToResourcePolicy")
    @override
    def add_to_resource_policy(
        self, statement: iam.PolicyStatement, allow_no_op: bool | None = None
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement; what it would allow the whole account, it allows through the key's services.

        The library grants so where it must not name a role: one of a stack that is built on the key's.
        """
        written = statement.to_statement_json()
        if "AWS" in written.get("Principal", ()) and "kms:ViaService" not in str(written.get("Condition")):
            # Whose principal it is may stand in a token.
            principal = Stack.of(self).resolve(written["Principal"]["AWS"])
            if f":iam::{self._account}:root" in str(principal):
                statement.add_conditions(self._through)
        return super().add_to_resource_policy(statement, allow_no_op)

    def let_logs_use(self) -> None:
        """Let CloudWatch Logs use the key for the log groups of its account and region."""
        if self._logs_may_use:
            return
        self._logs_may_use = True
        log_groups = Stack.of(self).format_arn(service="logs", resource="log-group:*")
        super().add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                resources=[THIS_KEY],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
                principals=[cast(iam.IPrincipal, iam.ServicePrincipal(f"logs.{self._region}.amazonaws.com"))],
            )
        )

    def _asked_through(self, services: Sequence[str]) -> dict[str, Any]:
        """Return the condition that one of the services asks, in the key's region and for somebody of its account."""
        asking = [f"{service}.{self._region}.amazonaws.com" for service in services]
        return {"StringEquals": {"kms:CallerAccount": self._account, "kms:ViaService": asking}}


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


def _by_the_account(
    account: iam.AccountRootPrincipal, sid: str, actions: Sequence[str], *, conditions: dict[str, Any] | None = None
) -> iam.PolicyStatement:
    """Allow the account, which is whoever an IAM policy of the account allows it."""
    return iam.PolicyStatement(
        sid=sid,
        actions=list(actions),
        resources=[THIS_KEY],
        conditions=conditions,
        principals=[cast(iam.IPrincipal, account)],
    )
