"""The role of the integration tests lets them make the calls that they make, about what they ask, and no others."""

import subprocess
import sys
from collections.abc import Generator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.paths import ROOT
from tests.rehearsal.emulator.deployed import Deployed, deployed

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

ROLE = "yawl-dev-integration-tests"
WITH_A_KEY = "kms:Decrypt"
"""What Secrets Manager does in the name of its caller where a secret has a key of its own."""


@pytest.fixture(scope="module")
def dev(assembly: "CloudAssembly", tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployed, None, None]:
    with deployed(assembly, tmp_path_factory.mktemp("dev")) as found:
        yield found


@pytest.fixture(scope="module")
def allowed(dev: Deployed) -> dict[str, list[str]]:
    """The resources that the role's policies have for each action."""
    iam = dev.client("iam")
    found: dict[str, list[str]] = {}
    for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in as_list(statement["Action"]):
                found.setdefault(action, []).extend(as_list(statement["Resource"]))
    assert iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"] == []
    return found


@pytest.fixture
def drifted(dev: Deployed) -> None:
    """Change a topic by hand and have CloudFormation find it."""
    [topic] = [one["TopicArn"] for one in dev.client("sns").list_topics()["Topics"] if one["TopicArn"].endswith("-low")]
    dev.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="By hand")
    dev.client("cloudformation").detect_stack_drift(StackName="yawl-dev-monitoring")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.usefixtures("drifted")
def test_role_allows_exactly_the_calls_of_the_tests(
    dev: Deployed, allowed: dict[str, list[str]], tmp_path: Path
) -> None:
    calls = tmp_path / "calls.txt"
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "integration_tests"),
            *("-p", "tests.rehearsal.emulator.call_recorder", f"--calls={calls}"),
        ],
        cwd=ROOT,
        env=dev.build_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "skipped" not in ended.stdout, "a test that does not run makes no calls"
    assert "remark: yawl-dev-monitoring has drifted" in ended.stdout
    assert ", 1 remark" in ended.stdout
    made = set(calls.read_text().splitlines())
    assert made - {"sts:AssumeRole"} == set(allowed) - {WITH_A_KEY}


def test_key_use_is_limited_to_its_secret(dev: Deployed, allowed: dict[str, list[str]]) -> None:
    secret = dev.client("secretsmanager").describe_secret(SecretId=dev.variables["ENGINE_CREDENTIALS_ARN"])
    assert secret["KmsKeyId"] in allowed[WITH_A_KEY]
    assert len(allowed[WITH_A_KEY]) == 1


def test_role_names_the_resources_that_the_tests_read(dev: Deployed, allowed: dict[str, list[str]]) -> None:
    received = dev.variables
    [database] = dev.client("rds").describe_db_instances(DBInstanceIdentifier=received["DATABASE_ID"])["DBInstances"]
    groups = dev.client("rds").describe_db_parameter_groups(
        DBParameterGroupName=database["DBParameterGroups"][0]["DBParameterGroupName"]
    )
    caches = dev.client("elasticache").describe_replication_groups(ReplicationGroupId=received["CACHE_ID"])
    services = dev.client("ecs").describe_services(
        cluster=received["CLUSTER_NAME"], services=[received["SERVICE_NAME"]]
    )
    tasks = dev.client("ecs").list_tasks(cluster=received["CLUSTER_NAME"])["taskArns"]
    stacks = [
        dev.client("cloudformation").describe_stacks(StackName=name) for name in received["STACK_NAMES"].split(",")
    ]
    asked = {
        "rds:DescribeDBInstances": [database["DBInstanceArn"]],
        "rds:DescribeDBParameters": [group["DBParameterGroupArn"] for group in groups["DBParameterGroups"]],
        "elasticache:DescribeReplicationGroups": [group["ARN"] for group in caches["ReplicationGroups"]],
        "ecs:DescribeServices": [service["serviceArn"] for service in services["services"]],
        "ecs:DescribeTasks": tasks,
        "cloudformation:DescribeStackResourceDrifts": [stack["Stacks"][0]["StackId"] for stack in stacks],
        "cloudformation:DescribeStacks": [stack["Stacks"][0]["StackId"] for stack in stacks],
        "secretsmanager:DescribeSecret": [database["MasterUserSecret"]["SecretArn"]],
        "secretsmanager:GetSecretValue": [received["ORIGIN_SECRET_ARN"], received["ENGINE_CREDENTIALS_ARN"]],
    }
    for action, arns in asked.items():
        assert arns
        for arn in arns:
            assert [resource for resource in allowed[action] if fnmatchcase(arn, resource)], (action, arn)
    for action in set(allowed) - set(asked) - {WITH_A_KEY}:
        assert allowed[action] == ["*"], action
