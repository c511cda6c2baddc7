"""CloudFormation's resource provider schemas, read from cfn-lint's data without its import, which takes a second.

cfn-lint's patches add values that only the service refuses, such as most enumerations.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HOME_REGION = "us-east-1"
"""The region that has every resource type."""

Pointer = tuple[str, ...]
"""A property's path: `("VpcConfig", "SubnetIds")`."""


@dataclass(frozen=True)
class Schema:
    """The schema of one resource type."""

    resource_type: str
    document: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        """Return the schemas of the top-level properties."""
        return self.document.get("properties", {})

    def pointers(self, kind: str) -> tuple[Pointer, ...]:
        """Return the properties in one of the schema's lists, such as `createOnlyProperties`."""
        return tuple(_pointer(text) for text in self.document.get(kind, []))


def schema_of(resource_type: str, region: str = HOME_REGION) -> Schema | None:
    """Return the type's schema; None for custom resources, and where the region does not have the type."""
    file = _files(region).get(resource_type)
    return _schema(resource_type, file) if file else None


def resource_types(region: str) -> frozenset[str]:
    """Return the types that a region has; those of the home region where cfn-lint does not know the region."""
    return frozenset(_files(region))


ADVICE = frozenset(
    {
        ("aws_ec2_securitygroup", "protocols_and_port_ranges_exclude"),
        ("aws_lambda_function", "awslayer"),
        ("aws_lambda_permission", "permission_principal"),
        ("aws_lambda_permission", "permission_source_account"),
        ("aws_rds_dbcluster", "aurora_warning"),
        ("aws_rds_dbcluster", "snapshotidentifier"),
        ("aws_rds_dbcluster", "sourcedbclusteridentifier"),
        ("aws_rds_dbinstance", "backupretentionperiod"),
        ("aws_sns_subscription", "subscription_endpoint_protocol"),
    }
)
"""Rules of which cfn-lint only warns (numbers with W and I): AWS accepts these properties."""

OWN_RULES = frozenset({"engine_version", "engine_version_deprecated"})
"""Rules with messages of their own in `rules/services/`."""


def extensions_of(resource_type: str) -> tuple[dict[str, Any], ...]:
    """Return cfn-lint's rules about several properties of the type at once, such as sizes of Fargate tasks."""
    folder = _folder(resource_type)
    return tuple(
        _read(file)
        for file in sorted(folder.glob("*.json"))
        if (folder.name, file.stem) not in ADVICE and file.stem not in OWN_RULES
    )


def extension(resource_type: str, name: str) -> dict[str, Any]:
    """Return one of these rules by the name of its file."""
    return _read(_folder(resource_type) / f"{name}.json")


def _folder(resource_type: str) -> Path:
    return _data() / "extensions" / resource_type.lower().replace("::", "_")


@cache
def _schema(resource_type: str, file: str) -> Schema:
    return Schema(resource_type, _read(_data() / "resources" / f"{file}.json"))


@cache
def _files(region: str) -> dict[str, str]:
    file = _data() / "providers" / f"{region}.json"
    return _read(file) if file.is_file() else _files(HOME_REGION)


@cache
def _data() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("cfn-lint is missing; install the requirements of cdk-rehearsal")
    return Path(spec.origin).parent / "data" / "schemas"


def _read(file: Path) -> Any:
    return json.loads(file.read_text())


def _pointer(text: str) -> Pointer:
    return tuple(text.removeprefix("/properties/").split("/"))
