"""The form of a parameter's placeholder: what the properties that take the parameter's value accept."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cloud_assembly import AwsEnvironment, Stack, partition_of
from rehearsal.errors import PLACEHOLDER
from rehearsal.given.needs import made_id

SSM_TYPE: Final = re.compile(r"AWS::SSM::Parameter::Value<(.*)>")

_DYNAMIC: Final = re.compile(r"\{\{resolve:ssm:([^}:]+)(?::\d+)?\}\}")


def _id(prefix: str) -> Callable[[AwsEnvironment, str], str]:
    return lambda place, name: made_id(prefix, place, name)


def _arn(service: str, resource: str) -> Callable[[AwsEnvironment, str], str]:
    return lambda place, _name: f"arn:{partition_of(place.region)}:{service}:{place.region}:{place.account}:{resource}"


def _role_arn(place: AwsEnvironment, _name: str) -> str:
    return f"arn:{partition_of(place.region)}:iam::{place.account}:role/{PLACEHOLDER}"


_UUID: Final = "00000000-0000-4000-8000-000000000000"
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[AwsEnvironment, str], str]], ...]] = (
    (re.compile("ConnectionArn$"), _arn("codestar-connections", f"connection/{_UUID}")),
    (re.compile("CertificateArn$"), _arn("acm", f"certificate/{_UUID}")),
    (re.compile("RoleArn$|RoleARN$|^Role$"), _role_arn),
    (re.compile("TopicArn$|TopicARN$"), _arn("sns", PLACEHOLDER)),
    (re.compile("VpcId$|VPCId$"), _id("vpc")),
    (re.compile("SubnetIds?$|^Subnets$"), _id("subnet")),
    (re.compile("SecurityGroup(Id)?s?$|^GroupId$"), _id("sg")),
    (re.compile("ImageId$"), _id("ami")),
    # Policies name everything by its ARN.
    (re.compile("A(rn|RN)s?$|^(Not)?Resource$|^AWS$"), _arn("rehearsal", PLACEHOLDER)),
)
"""By the name of a property; what says most comes first."""


def placeholders(stack: Stack) -> dict[str, str]:
    """Return a value of the right form for each parameter that a stack's properties take as a whole."""
    parameters = {
        logical_id: definition.get("Default")
        for logical_id, definition in stack.template.get("Parameters", {}).items()
        if SSM_TYPE.fullmatch(definition.get("Type", ""))
    }
    ranks: dict[str, int] = {}
    for name, property_name in _uses("", stack.resources, parameters):
        rank = next((rank for rank, (pattern, _) in enumerate(_FORMS) if pattern.search(property_name)), None)
        if rank is not None:
            ranks[name] = min(rank, ranks.get(name, rank))
    return {name: _FORMS[rank][1](stack.aws_environment, name) for name, rank in ranks.items()}


def _uses(property_name: str, value: Any, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each parameter with the name of the property that has its value, alone or in a list."""
    if isinstance(value, list):
        for item in value:
            yield from _uses(property_name, item, parameters)
    elif isinstance(value, str):
        if found := _DYNAMIC.fullmatch(value):
            yield found[1], property_name
    elif isinstance(value, dict):
        if set(value) == {"Ref"} and isinstance(name := parameters.get(value["Ref"]), str):
            yield name, property_name
            return
        for key, item in value.items():
            # What a function makes of it has another form.
            if not key.startswith("Fn::"):
                yield from _uses(key, item, parameters)
