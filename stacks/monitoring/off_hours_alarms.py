"""Alarms that ignore tasks stopped in off-hours."""

from dataclasses import replace
from typing import cast

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import OffHoursSettings
from stacks.monitoring.alarm_specs import BELOW, AlarmSpec
from stacks.monitoring.metrics.source import FIVE_MINUTES


def ignore_off_hours(specs: list[AlarmSpec], off_hours: OffHoursSettings | None) -> list[AlarmSpec]:
    """Return the specifications; those that need tasks are evaluated only while tasks are certain to run.

    The clock decides, not the desired count: ECS reports it only for services with running tasks, so a service that has
    lost all of them would look stopped on purpose. Missing data has no hour that an expression could test: with
    off-hours, no alarm covers a failed morning start.
    """
    if off_hours is None:
        return specs
    hour = "((DAY(measured) - 1) * 24 + HOUR(measured))"
    running = " || ".join(f"({hour} >= {first} && {hour} <= {last})" for first, last in off_hours.running_hours)
    return [_judged_while_running(spec, running) if spec.needs_tasks else spec for spec in specs]


def _judged_while_running(spec: AlarmSpec, running: str) -> AlarmSpec:
    # A value that does not breach.
    quiet = spec.threshold if spec.comparison == BELOW else 0
    expression = cloudwatch.MathExpression(
        expression=f"IF({running}, measured, {quiet})",
        using_metrics={"measured": spec.metric},
        label="while tasks run",
        period=cast(cloudwatch.Metric, spec.metric).period or FIVE_MINUTES,
    )
    missing = cloudwatch.TreatMissingData
    return replace(
        spec, metric=expression, missing=missing.IGNORE if spec.missing is missing.BREACHING else spec.missing
    )
