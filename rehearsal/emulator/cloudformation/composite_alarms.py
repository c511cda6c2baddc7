"""`AWS::CloudWatch::CompositeAlarm`: ministack's CloudWatch has them, its CloudFormation cannot create them."""

import json

from rehearsal.emulator.internals import Properties, Provisioned, cloudwatch, handlers, here, provisioners

TYPE = "AWS::CloudWatch::CompositeAlarm"


def register() -> None:
    """Let stacks create, update and delete composite alarms; their states follow those of their alarms."""
    handlers[TYPE] = {"create": _create, "update": _update, "delete": _delete}
    provisioners._REPLACING_PROPERTIES[TYPE] = ("AlarmName",)


def _create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    name = properties.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    return _put(name, properties)


def _update(physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Provisioned:
    return _put(physical_id, new)


def _delete(physical_id: str, _properties: Properties) -> None:
    cloudwatch._delete_alarms({}, {"AlarmNames": [physical_id]}, is_cbor=False, is_json=True)


def _put(name: str, properties: Properties) -> Provisioned:
    request = {key: value for key, value in properties.items() if key != "Tags"} | {"AlarmName": name}
    status, _, body = cloudwatch._put_composite_alarm({}, request, is_cbor=False, is_json=True)
    if status >= 400:
        raise ValueError(json.loads(body).get("message", "the composite alarm was refused"))
    account, region = here()
    return name, {"Arn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"}
