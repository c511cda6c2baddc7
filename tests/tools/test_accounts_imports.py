"""Compares what `make recover` declares of imported resources with the schemas and our templates."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.provider_schemas import schema_of
from tools.accounts.live_resources import RESOURCE_TYPES

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

IMPORTED = [kind for kind, about in RESOURCE_TYPES.items() if about.imported_with or about.import_key]
RETAINED_AND_NAMED = {
    "AWS::Backup::BackupVault",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
}


@cache
def resources_of(directory: str) -> list[dict[str, Any]]:
    files = Path(directory).rglob("*.template.json")
    return [one for file in files for one in json.loads(file.read_text()).get("Resources", {}).values()]


@pytest.mark.parametrize("kind", IMPORTED)
def test_import_states_create_only_and_required_properties(kind: str, assembly: "CloudAssembly") -> None:
    """The next deployment changes all other properties in place."""
    schema = schema_of(kind)
    create_only = {pointer.removeprefix("/properties/") for pointer in schema.get("createOnlyProperties", [])}
    used = {
        name
        for resource in resources_of(assembly.directory)
        if resource["Type"] == kind
        for name in resource.get("Properties", {})
    }
    assert (create_only | set(schema.get("required", []))) & used <= set(RESOURCE_TYPES[kind].imported_with)


@pytest.mark.parametrize("kind", IMPORTED)
def test_resource_is_found_by_its_primary_identifier(kind: str) -> None:
    about = RESOURCE_TYPES[kind]
    assert schema_of(kind)["primaryIdentifier"] == [f"/properties/{about.import_key or about.name_property}"]


def test_every_retained_type_that_has_a_name_can_be_imported(assembly: "CloudAssembly") -> None:
    """Any other resource would keep its name in use, and no command would import it."""
    named = {
        resource["Type"]
        for resource in resources_of(assembly.directory)
        if resource.get("DeletionPolicy", "Delete").startswith("Retain")
        and any(
            pointer.removeprefix("/properties/") in resource.get("Properties", {})
            for pointer in schema_of(resource["Type"]).get("primaryIdentifier", [])
        )
    }
    assert named == RETAINED_AND_NAMED
    assert named <= set(IMPORTED)
