"""A rotating customer managed key with which no IAM policy alone allows decryption."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import override

from stacks.shared.retention import removal_policy

ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    # Not `kms:Create*`: a grant could allow its creator to decrypt.
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
"""Actions that IAM policies of the account may allow directly, so that every key can always be administered.

The families come from "Allows key administrators to administer the KMS key" in the KMS Developer Guide.
"""
USE: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
USE_BY_LOGS: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
HOLD_ON: Final = ("backup", "elasticache", "rds")
"""Services that use a key without a caller, through a grant created with the resource.

Secrets Manager uses no grants (KMS Developer Guide, "How AWS Secrets Manager uses AWS KMS"), but for the password that
RDS manages in it (Amazon RDS User Guide, "Permissions required for Secrets Manager integration").
"""

ASK_AS: Final = {"elasticache": ("elasticache", "dax")}
"""Services that call KMS under several names (ElastiCache User Guide, Using customer managed keys from AWS KMS)."""

THIS_KEY: Final = "*"
"""The key itself, in its own policy."""


class RotatingKey(kms.Key):
    """A KMS key that rotates yearly and can be used only through certain services.

    With the library's key policy, any IAM policy of the account could allow decryption. With this one, an IAM policy
    takes effect only when one of the services `used_through` (`rds`, `s3`, …, in the key's region) calls KMS on the
    principal's behalf. With `logs`, CloudWatch Logs may use the key for log groups of its account and region. Add
    statements for service principals and other accounts.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        used_through: Sequence[str],
        logs: bool,
        removal_policy: RemovalPolicy,
    ) -> None:
        stack = Stack.of(scope)
        account, region = stack.account, stack.region
        self.encrypts_logs: Final = logs
        through = _asked_through(used_through, account=account, region=region)
        self._is_used_through_services: Final = bool(used_through)
        partition = stack.partition
        master = f"arn:{partition}:iam::{account}:root"
        statements = [_by_the_account(master, "AdministerByIamPolicies", ADMINISTRATION)]
        if used_through:
            statements.append(_by_the_account(master, "UseThroughServices", USE, condition=through))
        holding = [service for service in used_through if service in HOLD_ON]
        if "rds" in holding and "secretsmanager" in used_through:
            holding.append("secretsmanager")
        if holding:
            given_at_creation = {
                **_asked_through(holding, account=account, region=region),
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            }
            statements.append(
                _by_the_account(master, "GrantThroughServices", ("kms:CreateGrant",), condition=given_at_creation)
            )
        if logs:
            log_groups = f"arn:{partition}:logs:{region}:{account}:log-group:*"
            statements.append(
                {
                    "Effect": "Allow",
                    "Action": list(USE_BY_LOGS),
                    "Resource": THIS_KEY,
                    "Principal": {"Service": f"logs.{region}.amazonaws.com"},
                    "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
                }
            )
        super().__init__(
            scope,
            construct_id,
            description=description,
            enable_key_rotation=True,
            policy=iam.PolicyDocument.from_json({"Statement": statements}),
            removal_policy=removal_policy,
        )

    @override
    def add_to_resource_policy(
        self, statement: iam.PolicyStatement, allow_no_op: bool | None = None
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement to the key's policy, unless it allows the whole account to use the key.

        The library adds such statements for each secret, and for roles in stacks that depend on the key's stack. The
        statements with `used_through` already allow that use through the services.
        """
        found = Stack.of(self).resolve(statement.to_statement_json())
        actions = [found["Action"]] if isinstance(found["Action"], str) else found["Action"]
        to_the_account = json.dumps(found.get("Principal")).endswith(':root"}')
        if to_the_account and self._is_used_through_services and set(actions) <= {*USE, "kms:CreateGrant"}:
            return iam.AddToResourcePolicyResult(statement_added=False)
        return super().add_to_resource_policy(statement, allow_no_op)


def rotating_key(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    used_through: Sequence[str] = (),
    logs: bool = False,
    retain_data: bool,
) -> kms.IKey:
    """Return a `RotatingKey` that lives as long as the data it encrypts."""
    key = RotatingKey(
        scope,
        construct_id,
        description=description,
        used_through=used_through,
        logs=logs,
        removal_policy=removal_policy(retain_data=retain_data),
    )
    # Class and interface name a parameter differently, which the type checker rejects.
    return cast(kms.IKey, key)


def _asked_through(services: Sequence[str], *, account: str, region: str) -> dict[str, Any]:
    """Return the condition that one of the services calls KMS, in the key's region and for its account."""
    names = [name for service in services for name in ASK_AS.get(service, (service,))]
    asking = [f"{name}.{region}.amazonaws.com" for name in names]
    return {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": asking}}


def _by_the_account(
    master: str, sid: str, actions: Sequence[str], *, condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a statement for the account root: principals still need an IAM policy that allows the actions."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": THIS_KEY,
        "Principal": {"AWS": master},
        **({"Condition": condition} if condition else {}),
    }
