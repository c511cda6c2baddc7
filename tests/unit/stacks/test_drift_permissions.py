"""What the daily drift check may do: read how resources are set up, and neither data nor secrets."""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aws_cdk.assertions import Template

from stacks.monitoring.drift_check import LEFT_OUT
from stacks.monitoring.resource_reads import READS
from tests.provider_schemas import schema_of
from tests.resource_reads import reads_of
from tests.unit.other_settings import Synthesized

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

Templates: TypeAlias = Callable[[str, str], Template]
READING = ("Describe", "Get", "List", "View", "BatchDescribe", "Detect")
SHOWS_DATA = (
    *("athena:GetQueryResults*", "billing:*", "cloudfront:GetDistribution*", "dynamodb:*Item", "dynamodb:PartiQL*"),
    *("dynamodb:Query", "dynamodb:Scan", "ec2:GetConsoleOutput", "ec2:GetPasswordData", "ecr:GetAuthorizationToken"),
    *("elasticloadbalancing:DescribeRules", "kms:Decrypt", "logs:FilterLogEvents", "logs:GetLog*", "logs:GetQuery*"),
    *("logs:Start*", "logs:Unmask", "rds:Download*", "s3:GetObject*", "secretsmanager:*GetSecretValue"),
    *("sqs:ReceiveMessage", "ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParametersByPath", "sts:*"),
)
NOT_COMPARED = {
    "AWS::CloudFront::Distribution",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::SecretsManager::Secret",
}
"""Types that cannot be read without what is left out. Others are named with more than reading takes."""


@pytest.fixture(scope="module")
def statements(template: Templates) -> list[dict[str, Any]]:
    resources = template("prod", "monitoring").to_json()["Resources"]
    [policy] = [one for name, one in resources.items() if name.startswith("DriftCheckRoleDefaultPolicy")]
    return policy["Properties"]["PolicyDocument"]["Statement"]


@pytest.fixture(scope="module")
def allowed(statements: list[dict[str, Any]]) -> dict[str, str]:
    """Each action with the resource it is allowed on."""
    return {
        action: json.dumps(statement["Resource"])
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def test_policy_has_only_allow_lists(template: Templates, statements: list[dict[str, Any]]) -> None:
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    resources = template("prod", "monitoring").to_json()["Resources"]
    [role] = [
        one["Properties"]
        for name, one in resources.items()
        if name.startswith("DriftCheckRole") and one["Type"] == "AWS::IAM::Role"
    ]
    assert "ManagedPolicyArns" not in role


def test_policy_is_read_only(allowed: dict[str, str]) -> None:
    writes = {"cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents"}
    for action in allowed.keys() - writes:
        assert "*" not in action
        assert action.partition(":")[2].startswith(READING), action


def test_policy_reads_no_data_or_secrets(allowed: dict[str, str]) -> None:
    assert [action for action in allowed for pattern in SHOWS_DATA if fnmatch(action.lower(), pattern.lower())] == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:GetFunction", "arn:aws:lambda:us-east-1:444444444444:function:yawl-prod-*"),
        ("s3:ListBucket", "yawl-prod-*"),
        ("ssm:GetParameters", "arn:aws:ssm:us-east-1:444444444444:parameter/yawl-prod-*"),
        ("cloudformation:DetectStackDrift", "arn:aws:cloudformation:us-east-1:444444444444:stack/yawl-prod-*/*"),
    ],
)
def test_sensitive_reads_are_limited_to_the_environment(allowed: dict[str, str], action: str, resource: str) -> None:
    assert resource in allowed[action]


def test_excluded_actions_come_from_schemas() -> None:
    assert LEFT_OUT.keys() <= {action for reads in READS.values() for action in reads}


def test_all_other_read_actions_are_allowed(allowed: dict[str, str]) -> None:
    needed = {action for reads in READS.values() for action in reads} - LEFT_OUT.keys()
    assert needed <= allowed.keys()


def resources_in(folder: Path) -> Iterator[dict[str, Any]]:
    for file in folder.rglob("*.template.json"):
        if file.parent != folder:
            yield from json.loads(file.read_text())["Resources"].values()


def test_every_type_of_an_environment_is_known(assembly: "CloudAssembly") -> None:
    types = {one["Type"] for one in resources_in(Path(assembly.directory))}
    assert reads_of(types).keys() <= READS.keys(), f"python -m tests.resource_reads {' '.join(sorted(types))}"


def test_every_type_of_other_settings_is_known(app_elsewhere: Synthesized, small_app: Synthesized) -> None:
    types = {one["Type"] for folder in (app_elsewhere.folder, small_app.folder) for one in resources_in(folder)}
    assert reads_of(types).keys() <= READS.keys(), f"python -m tests.resource_reads {' '.join(sorted(types))}"


def test_list_matches_the_schemas() -> None:
    assert reads_of(READS) == READS, "python -m tests.resource_reads"


def test_resources_with_secrets_are_not_compared(assembly: "CloudAssembly") -> None:
    """A secret that CloudFormation fills in is shown by reading the resource, unless AWS never shows that property."""
    for one in resources_in(Path(assembly.directory)):
        hidden = {path.split("/")[2] for path in schema_of(one["Type"]).get("writeOnlyProperties", [])}
        shown = {name: value for name, value in one.get("Properties", {}).items() if name not in hidden}
        if "{{resolve:secretsmanager" in json.dumps(shown):
            assert one["Type"] in NOT_COMPARED
    for resource_type in NOT_COMPARED:
        assert set(READS[resource_type]) & LEFT_OUT.keys()
