"""A log group whose retention is a number of days."""

from typing import cast

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.key import RotatingKey
from stacks.retention import removal_policy


class LogGroup(logs.LogGroup):
    """A log group that keeps its lines for `retention_days`, encrypted with `key`, a `RotatingKey`.

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
        cast(RotatingKey, key).let_logs_use()
