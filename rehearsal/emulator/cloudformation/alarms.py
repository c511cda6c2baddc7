"""Alarms that ministack's CloudWatch has and its CloudFormation lacks: composite ones, and those on metric math.

An alarm on metric math is stored and described, never evaluated.
"""

import json

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, cloudwatch, here, provisioners

NOT_EVALUATED = {"Namespace": "MetricMath", "MetricName": "Expression"}
"""Replaces the expression: a metric without data."""


def register() -> None:
    """Let stacks create composite alarms, and alarms whose metric is an expression."""
    providers.register(CompositeAlarm("AWS::CloudWatch::CompositeAlarm"))
    record = provisioners._cw_metric_alarm_record

    def record_expression(name: str, properties: Properties) -> Properties:
        if not properties.get("Metrics"):
            return record(name, properties)
        rest = {key: value for key, value in properties.items() if key != "Metrics"}
        return record(name, {**rest, **NOT_EVALUATED})

    provisioners._cw_metric_alarm_record = record_expression


class CompositeAlarm(providers.ResourceProvider):
    """Composite alarms; ministack derives their states from those of their alarms."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name = properties.get("AlarmName") or providers.physical_name(stack_name, logical_id, max_length=255)
        return self._put(name, properties)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        return self._put(physical_id, new)

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        cloudwatch._delete_alarms({}, {"AlarmNames": [physical_id]}, is_cbor=False, is_json=True)

    def _put(self, name: str, properties: Properties) -> Provisioned:
        request = {key: value for key, value in properties.items() if key != "Tags"} | {"AlarmName": name}
        status, _, body = cloudwatch._put_composite_alarm({}, request, is_cbor=False, is_json=True)
        if status >= 400:
            raise ValueError(json.loads(body).get("message", "CloudWatch refused the composite alarm"))
        account, region = here()
        return name, {"Arn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"}
