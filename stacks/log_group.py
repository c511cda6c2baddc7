"""A log group whose retention is a number of days."""

from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.retention import removal_policy


class LogGroup(logs.LogGroup):
    """A log group that keeps its lines for `retention_days`, encrypted with `key`.

    The library's own takes an enumeration, settings days.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        retention_days: int,
        retain_data: bool,
        log_group_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            log_group_name=log_group_name,
            encryption_key=key,
            removal_policy=removal_policy(retain_data=retain_data),
        )
        cast(logs.CfnLogGroup, self.node.default_child).retention_in_days = retention_days
        _let_logs_use(key)


def _let_logs_use(key: kms.IKey) -> None:
    """Let CloudWatch Logs use the key for the log groups of the key's account and region."""
    stack = Stack.of(key)
    log_groups = stack.format_arn(service="logs", resource="log-group:*")
    permission = iam.PolicyStatement(
        actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        # In a key's policy "*" is this key.
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )
    permission.add_service_principal(f"logs.{stack.region}.amazonaws.com")
    key.add_to_resource_policy(permission)
