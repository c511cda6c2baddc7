"""Names made from an environment's fit AWS's limits, for the longest name that the settings accept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from settings.model import LONGEST_LINK
from settings.types.environment_names import DERIVED_NAMES, LONGEST, LONGEST_BUCKET, copies_bucket
from tests.provider_schemas import schema_of

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

LIMITS = {
    # Resource types' schemas have no limit for these; AWS's documentation has.
    ("AWS::Backup::BackupPlan", "BackupPlanName"): 50,
    ("AWS::Backup::RestoreTestingPlan", "RestoreTestingPlanName"): 50,
    ("AWS::Backup::RestoreTestingSelection", "RestoreTestingPlanName"): 50,
    ("AWS::CloudFront::CachePolicy", "Name"): 128,
    ("AWS::CloudFront::OriginAccessControl", "Name"): 64,
    ("AWS::CloudFront::ResponseHeadersPolicy", "Name"): 128,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CodePipeline::Pipeline", "Name"): 100,
    ("AWS::CodePipeline::Pipeline", "Namespace"): 100,
    ("AWS::CodePipeline::Pipeline", "StackName"): 128,
    ("AWS::ECS::Cluster", "ClusterName"): 255,
    ("AWS::ECS::TaskDefinition", "Family"): 255,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::SNS::Topic", "DisplayName"): 100,
}
"""Characters that AWS allows, by type and property."""

SHORTENED_BY_THE_LIBRARY = {
    ("AWS::CloudFront::Function", "Name"),
    ("AWS::CloudFront::OriginAccessControl", "Name"),
}
"""Names that the CDK makes up, and shortens."""

NAMED = re.compile(r"(Name|Identifier|Family|Namespace)$")


def names(value: Any, schema: Any, root: Any, key: str = "") -> Iterator[tuple[str, str, int | None]]:
    """Yield each name that contains the environment's, with its key and the schema's limit."""
    while isinstance(schema, dict) and "$ref" in schema:
        reference, schema = schema["$ref"], root
        for step in reference.removeprefix("#/").split("/"):
            schema = schema[step]
    schema = schema if isinstance(schema, dict) else {}
    if isinstance(value, dict):
        for name, below in value.items():
            if name.startswith("Fn::"):
                continue
            yield from names(below, schema.get("properties", {}).get(name), root, name)
    elif isinstance(value, list):
        for below in value:
            yield from names(below, schema.get("items"), root, key)
    elif isinstance(value, str) and NAMED.search(key) and re.search("prod|Prod", value) and "arn:" not in value:
        in_pattern = re.search(r"\{\d*,(\d+)\}", schema.get("pattern", ""))
        yield key, value, schema.get("maxLength") or (int(in_pattern[1]) if in_pattern else None)


@pytest.fixture(scope="module")
def found(assembly: "CloudAssembly") -> dict[tuple[str, str, str], int | None]:
    """Return the limits of prod's names, by type, property and value."""
    limits: dict[tuple[str, str, str], int | None] = {}
    for stack in assembly.stacks_recursively:
        if "prod" in stack.stack_name:
            limits["AWS::CloudFormation::Stack", "StackName", stack.stack_name] = 128
        for resource in json.loads(Path(stack.template_full_path).read_text())["Resources"].values():
            kind = resource["Type"]
            if not kind.startswith("Custom::"):
                schema = schema_of(kind)
                for key, value, limit in names(resource.get("Properties", {}), schema, schema):
                    limits[kind, key, value] = LIMITS.get((kind, key), limit)
    return limits


def test_every_name_has_a_limit(found: dict[tuple[str, str, str], int | None]) -> None:
    assert len(found) > 80
    assert {key[:2] for key, limit in found.items() if limit is None} == set(), "add AWS's limit to LIMITS"


def test_longest_name_fits(found: dict[tuple[str, str, str], int | None]) -> None:
    too_long = {
        key[:2]: (len(longest), limit)
        for key, limit in found.items()
        if limit is not None
        and key[:2] not in SHORTENED_BY_THE_LIBRARY
        and key[2] != copies_bucket("prod", "444444444444", "us-west-2")
        and len(longest := re.sub("prod|Prod", "e" * LONGEST, key[2])) > limit
    }
    assert too_long == {}


def test_one_more_character_would_not_fit(found: dict[tuple[str, str, str], int | None]) -> None:
    for name, limit in DERIVED_NAMES.items():
        assert [key[:2] for key, known in found.items() if key[2] == name.replace("NAME", "prod") and known == limit]
    assert any(len(name.replace("NAME", "e" * (LONGEST + 1))) > limit for name, limit in DERIVED_NAMES.items())


def test_alarm_descriptions_have_room_for_links(assembly: "CloudAssembly") -> None:
    descriptions = [
        description
        for stack in assembly.stacks_recursively
        for resource in json.loads(Path(stack.template_full_path).read_text())["Resources"].values()
        if isinstance(description := resource.get("Properties", {}).get("AlarmDescription"), str)
    ]
    longest = max(len(re.sub("prod|staging|dev", "e" * LONGEST, one)) for one in descriptions)
    assert (
        300
        < longest
        <= schema_of("AWS::CloudWatch::Alarm")["properties"]["AlarmDescription"]["maxLength"] - LONGEST_LINK
    )


def test_actions_have_room_for_names(assembly: "CloudAssembly") -> None:
    template = json.loads(Path(assembly.get_stack_by_name("yawl-delivery").template_full_path).read_text())
    values = [
        re.sub("(?i)prod|staging|dev(?!elop)", "e" * LONGEST, value)
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CodePipeline::Pipeline"
        for stage in resource["Properties"]["Stages"]
        for action in stage["Actions"]
        for value in action["Configuration"].values()
        if isinstance(value, str)
    ]
    # CodePipeline API Reference, "ActionConfiguration".
    assert 500 < max(map(len, values)) <= 1000


def test_bucket_of_copies_has_the_known_name(found: dict[tuple[str, str, str], int | None]) -> None:
    bucket = copies_bucket("prod", "444444444444", "us-west-2")
    assert found["AWS::S3::Bucket", "BucketName", bucket] == LONGEST_BUCKET
