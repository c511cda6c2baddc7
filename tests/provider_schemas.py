"""CloudFormation's resource schemas from cfn-lint's files; importing cfn-lint itself would take seconds."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def schema_of(resource_type: str) -> dict[str, Any]:
    """Return the type's schema in us-east-1; custom resources share one."""
    custom = resource_type.startswith("Custom::")
    return _read("resources", _files()["AWS::CloudFormation::CustomResource" if custom else resource_type])


@cache
def _files() -> dict[str, str]:
    return _read("providers", "us-east-1")


def _read(folder: str, name: str) -> dict[str, Any]:
    spec = find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    return json.loads((Path(spec.origin).parent / "data" / "schemas" / folder / f"{name}.json").read_text())


def read_permissions(resource_type: str) -> tuple[str, ...]:
    """Return the IAM actions CloudFormation needs to read a resource of the type; empty if unknown."""
    if resource_type.startswith("Custom::"):
        return ()
    actions = schema_of(resource_type).get("handlers", {}).get("read", {}).get("permissions", [])
    prefixes_and_names = (action.split(":") for action in actions)
    return tuple(sorted({f"{prefix.lower()}:{name}" for prefix, name in prefixes_and_names}))
