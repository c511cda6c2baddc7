"""The form of a placeholder for a parameter or an import: what the properties that take its value accept."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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


BUCKET: Final = "AWS::S3::Bucket"
_BUCKET_PROPERTY: Final = re.compile("Bucket(Name)?$")
IMPORT: Final = "Fn::ImportValue"
CONNECTION: Final = "ConnectionArn"
_UUID: Final = "00000000-0000-4000-8000-000000000000"
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[AwsEnvironment, str], str]], ...]] = (
    (re.compile(f"{CONNECTION}$"), _arn("codestar-connections", f"connection/{_UUID}")),
    (re.compile("CertificateArn$"), _arn("acm", f"certificate/{_UUID}")),
    (re.compile("RoleArn$|RoleARN$|^Role$"), _role_arn),
    (re.compile("TopicArn$|TopicARN$"), _arn("sns", PLACEHOLDER)),
    (re.compile("K(MS|ms)(Master)?Key(Arn|ID|Id)?$"), _arn("kms", f"key/{_UUID}")),
    (re.compile("AvailabilityZones?$"), lambda place, _name: f"{place.region}a"),
    (_BUCKET_PROPERTY, _id(PLACEHOLDER)),
    (re.compile("VpcId$|VPCId$"), _id("vpc")),
    (re.compile("SubnetIds?$|^Subnets$"), _id("subnet")),
    (re.compile("SecurityGroup(Id)?s?$|^GroupId$"), _id("sg")),
    (re.compile("ImageId$"), _id("ami")),
    # Policies name everything by its ARN.
    (re.compile("A(rn|RN)s?$|^(Not)?Resource$|^AWS$"), _arn("rehearsal", PLACEHOLDER)),
)
"""By the name of a property; what says most comes first."""


@dataclass(frozen=True)
class Form:
    """What a stack's properties make of a parameter."""

    value: str = ""
    """A value that they accept; empty: any."""
    is_bucket: bool = False
    """Whether it names a bucket, which must then exist."""
    is_connection: bool = False
    """Whether it is only a source's connection, whose value nothing reads: sources are delivered from this machine."""


def forms(stack: Stack) -> dict[str, Form]:
    """Return the form of each parameter that a stack's properties take as a whole."""
    parameters = {
        logical_id: definition.get("Default")
        for logical_id, definition in stack.template.get("Parameters", {}).items()
        if SSM_TYPE.fullmatch(definition.get("Type", ""))
    }
    uses: dict[str, set[str]] = {}
    resources = [
        # A stack may also name its own bucket so.
        {**resource.get("Properties", {}), "BucketName": None} if resource["Type"] == BUCKET else resource
        for resource in stack.resources.values()
    ]
    for name, property_name in _uses("", resources, stack, parameters):
        uses.setdefault(name, set()).add(property_name)
    return {name: _form(stack.aws_environment, name, found) for name, found in uses.items()}


def _form(place: AwsEnvironment, name: str, uses: set[str]) -> Form:
    fitting = (make for pattern, make in _FORMS if any(map(pattern.search, uses)))
    make = next(fitting, None)
    return Form(
        value=make(place, name) if make else "",
        is_bucket=any(map(_BUCKET_PROPERTY.search, uses)),
        is_connection=CONNECTION in uses and uses <= {CONNECTION, "Resource"},
    )


def imports(stack: Stack) -> set[str]:
    """Return the names of the exports that a stack imports."""
    return {name for name in _imported(stack.template, stack) if "*" not in name}


def _imported(value: Any, stack: Stack) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _imported(item, stack)
    elif isinstance(value, dict):
        if IMPORT in value:
            yield stack.text(value[IMPORT])
        for item in value.values():
            yield from _imported(item, stack)


def _uses(property_name: str, value: Any, stack: Stack, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each parameter and import with the property that has its value, alone or in a list."""
    if isinstance(value, list):
        for item in value:
            yield from _uses(property_name, item, stack, parameters)
    elif isinstance(value, str):
        if found := _DYNAMIC.fullmatch(value):
            yield found[1], property_name
    elif isinstance(value, dict):
        if set(value) == {"Ref"} and isinstance(name := parameters.get(value["Ref"]), str):
            yield name, property_name
            return
        if set(value) == {IMPORT}:
            yield stack.text(value[IMPORT]), property_name
            return
        for key, item in value.items():
            # What a function makes of it has another form.
            if not key.startswith("Fn::"):
                yield from _uses(key, item, stack, parameters)
