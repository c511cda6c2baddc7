"""CloudFormation's own schemas of resource types, as cfn-lint brings them, without the seconds its import takes."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def schema_of(resource_type: str) -> dict[str, Any]:
    """Return what us-east-1 says of the type; custom ones have a schema in common."""
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
