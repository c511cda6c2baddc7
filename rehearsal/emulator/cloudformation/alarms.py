"""Alarms on metric math, which ministack's CloudFormation refuses: kept and described, never evaluated."""

from rehearsal.emulator.internals import Properties, provisioners

UNEVALUATED = {"Namespace": "MetricMath", "MetricName": "Expression"}
"""Stands for the expression: a metric without data."""


def register() -> None:
    """Let stacks create alarms whose metric is an expression."""
    record = provisioners._cw_metric_alarm_record

    def record_expression(name: str, properties: Properties) -> Properties:
        if not properties.get("Metrics"):
            return record(name, properties)
        rest = {key: value for key, value in properties.items() if key != "Metrics"}
        return record(name, {**rest, **UNEVALUATED})

    provisioners._cw_metric_alarm_record = record_expression
