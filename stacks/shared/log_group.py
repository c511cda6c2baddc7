"""A log group with its retention in days."""

from typing import cast

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.shared.key import RotatingKey
from stacks.shared.retention import removal_policy


class LogGroup(logs.LogGroup):
    """A log group with a retention of `retention_days`, encrypted with `key`, a `RotatingKey` with `logs`.

    Raises `ValueError` if CloudWatch Logs may not use the key, because its deployment would fail.
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
        if not cast(RotatingKey, key).encrypts_logs:
            raise ValueError(f"{scope.node.path}/{construct_id}: its key is not for logs; build the key with logs=True")
        super().__init__(
            scope,
            construct_id,
            log_group_name=log_group_name,
            encryption_key=key,
            removal_policy=removal_policy(retain_data=retain_data),
        )
        # The construct takes an enum that the library cannot build from a number; the resource takes the number.
        cast(logs.CfnLogGroup, self.node.default_child).retention_in_days = retention_days
