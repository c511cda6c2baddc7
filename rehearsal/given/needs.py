"""One thing that an account must contain."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from cloud_assembly import AwsEnvironment

ZONES: Final = ("a", "b", "c")
"""Availability zones of a placeholder network."""
SUBNET_TYPES: Final = ("Public", "Private", "Isolated")
"""Kinds of subnets in a placeholder network, as the CDK names them."""


class Kind(StrEnum):
    """What it is; the plural is a table in the file of `--given`."""

    SECRET = "secret"  # noqa: S105 - a kind
    PARAMETER = "parameter"
    EXPORT = "export"
    """An output that a stack of another project exports, and one of these imports."""
    BUCKET = "bucket"
    HOSTED_ZONE = "hosted-zone"
    VPC = "vpc"
    SECURITY_GROUP = "security-group"
    AMI = "ami"
    CERTIFICATE = "certificate"
    KEY = "key"
    ROLE = "role"

    @property
    def table(self) -> str:
        """Return the name of its table in the file of `--given`."""
        return f"{self}s"


@dataclass(frozen=True)
class Need:
    """Something that a stack, an action or a lookup refers to and that no stack creates."""

    kind: Kind
    environment: AwsEnvironment
    name: str
    where: str
    """The stack, action or lookup that refers to it."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What is known about it, in the form that the emulator takes (`rehearsal/emulator/services/given.py`)."""
    keys: frozenset[str] = frozenset()
    """The members of a secret's JSON that are read."""
    is_known: bool = False
    """Whether the project records what it is, or AWS publishes it, so that nobody has to give it."""
    is_minor: bool = False
    """Whether it must exist, but nothing that runs reads its value or has its permissions."""

    @property
    def identity(self) -> tuple[Kind, AwsEnvironment, str]:
        """Return what two references to the same thing have in common."""
        return self.kind, self.environment, self.name


def merged(needs: Iterable[Need]) -> list[Need]:
    """Return each thing once, with all that is known about it; what is known comes before what is not."""
    found: dict[tuple[Kind, AwsEnvironment, str], Need] = {}
    for need in needs:
        other = found.get(need.identity)
        if other is None:
            found[need.identity] = need
            continue
        first, second = (need, other) if need.is_known and not other.is_known else (other, need)
        found[need.identity] = Need(
            need.kind,
            need.environment,
            need.name,
            other.where,
            {**second.details, **{name: value for name, value in first.details.items() if value}},
            other.keys | need.keys,
            first.is_known,
            other.is_minor and need.is_minor,
        )
    return list(found.values())


def made_id(prefix: str, *parts: object) -> str:
    """Return an id in AWS's form that is the same for the same parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
    return f"{prefix}-{digest[:17]}"


def network(environment: AwsEnvironment, name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a VPC with subnets of every type in three zones, as far as they are not `known`."""
    vpc = known.get("id") or made_id("vpc", environment, name)
    subnets = known.get("subnets")
    if subnets is None:
        subnets = [
            {
                "id": made_id("subnet", environment, name, kind, zone),
                "type": kind,
                "zone": f"{environment.region}{zone}",
            }
            for kind in SUBNET_TYPES
            for zone in ZONES
        ]
    return {
        "id": vpc,
        "cidr": known.get("cidr") or "10.0.0.0/16",
        "tags": dict(known.get("tags") or {}),
        "subnets": [_subnet(environment, number, one) for number, one in enumerate(subnets)],
    }


def _subnet(environment: AwsEnvironment, number: int, known: Mapping[str, Any]) -> dict[str, Any]:
    kind = known.get("type") or "Private"
    name = known.get("name") or kind
    return {
        "id": known["id"],
        "cidr": known.get("cidr") or f"10.0.{number}.0/24",
        "zone": known.get("zone") or f"{environment.region}{ZONES[number % len(ZONES)]}",
        "route-table": known.get("route-table", ""),
        "public": kind == "Public",
        "tags": {"aws-cdk:subnet-name": name, "aws-cdk:subnet-type": kind, **known.get("tags", {})},
    }
