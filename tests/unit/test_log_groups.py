"""What every log group of the app has in common."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def stacks(assembly: "CloudAssembly") -> list[Resources]:
    """Read the resources of every stack that has a log group."""
    templates = [json.loads(Path(stack.template_full_path).read_text()) for stack in assembly.stacks_recursively]
    return [template["Resources"] for template in templates if "AWS::Logs::LogGroup" in json.dumps(template)]


def of_type(resources: Resources, kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in resources.values() if resource["Type"] == kind]


def test_its_lines_end(stacks: list[Resources]) -> None:
    assert all(group["RetentionInDays"] for resources in stacks for group in of_type(resources, "AWS::Logs::LogGroup"))


def test_it_is_encrypted_with_a_key_that_cloudwatch_logs_may_use_for_it(stacks: list[Resources]) -> None:
    assert len(stacks) > 10
    for resources in stacks:
        for group in of_type(resources, "AWS::Logs::LogGroup"):
            name, attribute = group["KmsKeyId"]["Fn::GetAtt"]
            policy = resources[name]["Properties"]["KeyPolicy"]["Statement"]
            [permission] = [one for one in policy if "logs." in json.dumps(one["Principal"])]
            assert attribute == "Arn"
            assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= set(permission["Action"])
            [context] = permission["Condition"]["ArnLike"].values()
            assert ":logs:us-east-1:" in json.dumps(context)
