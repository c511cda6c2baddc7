"""Alarms that do not miss tasks which are meant to sleep."""

from dataclasses import replace
from typing import cast

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import OffHoursSettings
from stacks.monitoring.alarm_specs import BELOW, AlarmSpec
from stacks.monitoring.metrics.source import FIVE_MINUTES
from stacks.monitoring.waking_hours import waking_hours


def quiet_at_night(rules: list[AlarmSpec], night: OffHoursSettings | None) -> list[AlarmSpec]:
    """Return the rules; those about tasks are judged only while tasks are sure to run.

    Judged by the clock and not by how many tasks should run: ECS reports that number of a service with running tasks
    only, so that a service which has lost them all would look as if it slept. That none reports, which tells elsewhere,
    happens here every night, and what was not measured has no hour: where tasks sleep, no alarm tells that none has
    started in the morning.
    """
    if night is None:
        return rules
    hour = "((DAY(measured) - 1) * 24 + HOUR(measured))"
    awake = " || ".join(f"({hour} >= {first} && {hour} <= {last})" for first, last in waking_hours(night))
    return [_judged_by_day(rule, awake) if rule.needs_tasks else rule for rule in rules]


def _judged_by_day(rule: AlarmSpec, awake: str) -> AlarmSpec:
    # What just does not ring.
    quiet = rule.threshold if rule.comparison == BELOW else 0
    expression = cloudwatch.MathExpression(
        expression=f"IF({awake}, measured, {quiet})",
        using_metrics={"measured": rule.metric},
        label="while tasks are awake",
        period=cast(cloudwatch.Metric, rule.metric).period or FIVE_MINUTES,
    )
    missing = cloudwatch.TreatMissingData
    return replace(
        rule, metric=expression, missing=missing.IGNORE if rule.missing is missing.BREACHING else rule.missing
    )
