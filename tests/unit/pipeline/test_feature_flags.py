"""The library's feature flags, as `cdk.json` sets them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]


@pytest.fixture(scope="module")
def flags(assembly: "CloudAssembly") -> dict[str, Any]:
    """Read the library's own report of its flags."""
    manifest = json.loads(Path(assembly.directory, "manifest.json").read_text())
    return manifest["artifacts"]["aws-cdk-lib/feature-flag-report"]["properties"]["flags"]


def test_every_flag_has_its_recommended_value(flags: dict[str, Any]) -> None:
    others = {name: flag for name, flag in flags.items() if CONTEXT.get(name) != flag["recommendedValue"]}
    assert others == {}


def test_no_flag_is_unknown_to_the_library(flags: dict[str, Any]) -> None:
    assert sorted(name for name in CONTEXT if name not in flags) == []


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("@aws-cdk/core:defaultCrossStackReferences", "weak"),
        ("@aws-cdk/core:validateAgainstDefaultRules", True),
    ],
)
def test_flags_that_the_project_depends_on(flag: str, value: object) -> None:
    assert CONTEXT[flag] == value


def test_no_stack_exports_anything(assembly: "CloudAssembly") -> None:
    templates = [json.loads(Path(stack.template_full_path).read_text()) for stack in assembly.stacks_recursively]
    exports = [
        output for template in templates for output in template.get("Outputs", {}).values() if "Export" in output
    ]
    assert exports == []
