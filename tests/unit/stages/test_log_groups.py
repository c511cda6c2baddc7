"""What every log group of the app has in common."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from settings import LOG_RETENTION_DAYS

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


def test_log_retention(stacks: list[Resources]) -> None:
    assert all(group["RetentionInDays"] for resources in stacks for group in of_type(resources, "AWS::Logs::LogGroup"))


def test_log_group_encryption(stacks: list[Resources]) -> None:
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


def test_every_retention_is_supported() -> None:
    from aws_cdk import App, Stack
    from aws_cdk.assertions import Template

    from stacks.shared.key import rotating_key
    from stacks.shared.log_group import LogGroup

    stack = Stack(App(), "stack")
    key = rotating_key(stack, "Key", description="for logs", logs=True, retain_data=False)
    for days in LOG_RETENTION_DAYS:
        LogGroup(stack, f"For{days}", key=key, retention_days=days, retain_data=False)
    other = rotating_key(stack, "Other", description="for else", used_through=("s3",), retain_data=False)
    with pytest.raises(ValueError, match="stack/Refused: its key is not for logs; build the key with logs=True"):
        LogGroup(stack, "Refused", key=other, retention_days=1, retain_data=False)
    resources = Template.from_stack(stack).to_json()["Resources"]
    kept = {name: one["Properties"].get("RetentionInDays") for name, one in resources.items() if name.startswith("For")}
    assert sorted(kept.values()) == sorted(LOG_RETENTION_DAYS)
    assert all(name.startswith(f"For{days}") for name, days in kept.items())
