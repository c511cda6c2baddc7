"""Facts about a whole environment: order of its stacks, tags and secrets."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from cloud_assembly import environment_tag
from tests.complete_list import assert_complete
from tests.environment_stacks import LEVELS_OF
from tests.provider_schemas import schema_of
from tests.unit.one_environment import OneEnvironment

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly, CloudFormationStackArtifact

Templates: TypeAlias = Callable[[str, str], Template]

ACCOUNTS = {"dev": "222222222222", "staging": "333333333333", "prod": "444444444444"}
EVERY_STACK = [pytest.param(name, part, id=f"{name}: {part}") for name in ACCOUNTS for part in LEVELS_OF[name]]
STANDARDS = "nist-800-53-r5+pci-dss-3.2.1+hipaa-security"
TAGS = {"Owner": "platform-team", "CostCenter": "engineering", "Compliance": STANDARDS, "BackupPolicy": "daily"}


@pytest.fixture(scope="module")
def stacks(assembly: "CloudAssembly") -> "dict[str, CloudFormationStackArtifact]":
    """Find the stacks of all environments by their ids in the assembly."""
    return {
        stack.id: stack for stack in assembly.stacks_recursively if not stack.stack_name.startswith("yawl-delivery")
    }


@pytest.fixture(scope="module")
def levels(stacks: "dict[str, CloudFormationStackArtifact]") -> dict[str, int]:
    """Return each stack's deployment level by its name: one above its highest dependency."""

    def level(stack: "CloudFormationStackArtifact") -> int:
        return 1 + max((level(stacks[it.id]) for it in stack.dependencies if it.id in stacks), default=0)

    return {stack.stack_name: level(stack) for stack in stacks.values()}


@pytest.mark.parametrize(("environment", "part"), EVERY_STACK)
def test_stack_dependencies_are_minimal(levels: dict[str, int], environment: str, part: str) -> None:
    assert levels[f"yawl-{environment}-{part}"] == LEVELS_OF[environment][part]


@pytest.mark.parametrize(("environment", "part"), EVERY_STACK)
def test_deployed_stack_can_be_told_from_those_of_other_environments(
    template: Templates, environment: str, part: str
) -> None:
    """Its name alone does not do it: `yawl-prod-us-network` may be of prod or of prod-us."""
    assert environment_tag(dict(template(environment, part).to_json())) == environment


def test_stacks_of_an_environment(levels: dict[str, int]) -> None:
    listed = {f"yawl-{name}-{part}" for name, parts in LEVELS_OF.items() for part in parts}
    assert_complete(levels, listed, where="LEVELS or RECOVERY in tests/environment_stacks.py")


def test_parts_are_single_words() -> None:
    """The drift check takes a hyphen for another environment's name; the copies are in another region, outside it."""
    assert {part for parts in LEVELS_OF.values() for part in parts if "-" in part} == {"recovery-copies"}


def test_stacks_deploy_to_their_environments_account(stacks: "dict[str, CloudFormationStackArtifact]") -> None:
    for stack in stacks.values():
        environment = stack.stack_name.split("-")[1]
        region = "us-west-2" if stack.stack_name == "yawl-prod-recovery-copies" else "us-east-1"
        assert (stack.environment.account, stack.environment.region) == (ACCOUNTS[environment], region)


@pytest.mark.parametrize(("environment", "part"), EVERY_STACK)
def test_taggable_resources_have_tags(template: Templates, environment: str, part: str) -> None:
    wanted = {**TAGS, "Environment": environment}
    for name, resource in resources(template(environment, part)).items():
        tagged_by = tag_property(resource["Type"])
        if tagged_by is not None:
            tags = resource.get("Properties", {}).get(tagged_by, [])
            found = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
            assert found.items() >= wanted.items(), name


def test_tags_come_from_the_settings(prod_with_more: OneEnvironment) -> None:
    stack = prod_with_more("application")
    wanted = {
        "BackupPolicy": "hourly",
        "Compliance": "pci-dss",
        "CostCenter": "42",
        "Environment": "prod",
        "Owner": "us",
    }
    stack.has_resource_properties(
        "AWS::ECS::Cluster", {"Tags": [{"Key": name, "Value": value} for name, value in wanted.items()]}
    )


@pytest.mark.parametrize(
    ("part", "resource_type", "group"),
    [
        ("application", "AWS::ECS::Service", "TasksSecurityGroup"),
        ("application", "AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerSecurityGroup"),
        ("cache", "AWS::ElastiCache::ReplicationGroup", "CacheSecurityGroup"),
        ("database", "AWS::RDS::DBInstance", "DatabaseSecurityGroup"),
    ],
)
def test_everything_is_in_its_own_security_group(
    template: Templates, part: str, resource_type: str, group: str
) -> None:
    [found] = template("prod", part).find_resources(resource_type).values()
    named = re.findall(r"FnGetAtt(\w+?SecurityGroup)[0-9A-F]{8}GroupId", json.dumps(found["Properties"]))
    assert named == [group]


@pytest.mark.parametrize(("environment", "part"), EVERY_STACK)
def test_no_exports_between_stacks(template: Templates, environment: str, part: str) -> None:
    stack = template(environment, part).to_json()
    assert "Fn::ImportValue" not in json.dumps(stack)
    assert not any("Export" in output for output in stack.get("Outputs", {}).values())


@pytest.mark.parametrize(("environment", "part"), EVERY_STACK)
def test_no_template_holds_a_secret(template: Templates, environment: str, part: str) -> None:
    for name, resource in resources(template(environment, part)).items():
        properties = resource.get("Properties", {})
        assert not properties.keys() & {"SecretString", "MasterUserPassword"}, name
        assert "{{resolve:secretsmanager:" in json.dumps(properties.get("AuthToken", "{{resolve:secretsmanager:")), name


@pytest.mark.parametrize(
    ("prod", "ports"),
    [("example", {80}), ("prod_with_more", {80, 443})],
    ids=["without", "with a domain"],
    indirect=["prod"],
)
def test_load_balancer_ports(prod: OneEnvironment, ports: set[int]) -> None:
    groups = prod("network").find_resources(
        "AWS::EC2::SecurityGroup", {"Properties": {"GroupDescription": Match.string_like_regexp("Load balancer")}}
    )
    ((group,),) = [groups.values()]
    assert {rule["FromPort"] for rule in group["Properties"]["SecurityGroupIngress"]} == ports


@pytest.mark.parametrize(("environment", "protected"), [("dev", False), ("staging", False), ("prod", True)])
def test_deletion_protection_where_data_is_retained(
    stacks: "dict[str, CloudFormationStackArtifact]", environment: str, protected: bool
) -> None:
    (application,) = [it for it in stacks.values() if it.stack_name == f"yawl-{environment}-application"]
    assert bool(application.termination_protection) is protected


def resources(stack: Template) -> dict[str, Any]:
    """Return the stack's resources by their logical ids."""
    return stack.to_json()["Resources"]


def tag_property(resource_type: str) -> str | None:
    """Return the type's property for tags in CloudFormation's schema, or None if it has none."""
    if resource_type.startswith("Custom::") or resource_type == "AWS::CDK::Metadata":
        return None
    schema = schema_of(resource_type)
    tagging = schema.get("tagging", {})
    if not tagging.get("taggable", schema.get("taggable", False)):
        return None
    return tagging.get("tagProperty", "/properties/Tags").rpartition("/")[2]
