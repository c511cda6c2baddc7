"""A log group whose retention is a number of days."""

from typing import Final, cast

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from settings import RETENTION_DAYS
from stacks.shared.key import RotatingKey
from stacks.shared.retention import removal_policy

FOR: Final = dict(
    zip(
        RETENTION_DAYS,
        (
            logs.RetentionDays.ONE_DAY,
            logs.RetentionDays.THREE_DAYS,
            logs.RetentionDays.FIVE_DAYS,
            logs.RetentionDays.ONE_WEEK,
            logs.RetentionDays.TWO_WEEKS,
            logs.RetentionDays.ONE_MONTH,
            logs.RetentionDays.TWO_MONTHS,
            logs.RetentionDays.THREE_MONTHS,
            logs.RetentionDays.FOUR_MONTHS,
            logs.RetentionDays.FIVE_MONTHS,
            logs.RetentionDays.SIX_MONTHS,
            logs.RetentionDays.ONE_YEAR,
            logs.RetentionDays.THIRTEEN_MONTHS,
            logs.RetentionDays.EIGHTEEN_MONTHS,
            logs.RetentionDays.TWO_YEARS,
            logs.RetentionDays.THREE_YEARS,
            logs.RetentionDays.FIVE_YEARS,
            logs.RetentionDays.SIX_YEARS,
            logs.RetentionDays.SEVEN_YEARS,
            logs.RetentionDays.EIGHT_YEARS,
            logs.RetentionDays.NINE_YEARS,
            logs.RetentionDays.TEN_YEARS,
        ),
        strict=True,
    )
)
"""What the library calls the days of the settings."""


class LogGroup(logs.LogGroup):
    """A log group that keeps its lines for `retention_days`, encrypted with `key`, a `RotatingKey` for logs.

    Raises `ValueError` where CloudWatch Logs may not use the key: AWS would refuse the group when it is deployed.
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
            retention=FOR[retention_days],
            encryption_key=key,
            removal_policy=removal_policy(retain_data=retain_data),
        )
