"""Alarms that do not miss tasks which are meant to sleep."""

from dataclasses import replace
from typing import cast

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import OffHoursSettings
from stacks.monitoring.alarm_specs import BELOW, AlarmSpec
from stacks.monitoring.metrics.source import FIVE_MINUTES
from stacks.monitoring.running_hours import running_hours


def ignore_off_hours(specs: list[AlarmSpec], off_hours: OffHoursSettings | None) -> list[AlarmSpec]:
    """Return the specs; those about tasks are judged only while tasks are sure to run.

    Judged by the clock and not by how many tasks should run: ECS reports that number of a service with running tasks
    only, so that a service which has lost them all would look as if it slept. That none reports, which tells elsewhere,
    happens here every night, and what was not measured has no hour: where tasks sleep, no alarm tells that none has
    started in the morning.
    """
    if off_hours is None:
        return specs
    hour = "((DAY(measured) - 1) * 24 + HOUR(measured))"
    running = " || ".join(f"({hour} >= {first} && {hour} <= {last})" for first, last in running_hours(off_hours))
    return [_judged_while_running(spec, running) if spec.needs_tasks else spec for spec in specs]


def _judged_while_running(spec: AlarmSpec, running: str) -> AlarmSpec:
    # What just does not ring.
    quiet = spec.threshold if spec.comparison == BELOW else 0
    expression = cloudwatch.MathExpression(
        expression=f"IF({running}, measured, {quiet})",
        using_metrics={"measured": spec.metric},
        label="while tasks are awake",
        period=cast(cloudwatch.Metric, spec.metric).period or FIVE_MINUTES,
    )
    missing = cloudwatch.TreatMissingData
    return replace(
        spec, metric=expression, missing=missing.IGNORE if spec.missing is missing.BREACHING else spec.missing
    )
