"""What roles may do on every resource, by groups of actions, and from another account: each is listed, nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.policies import as_list
from tests.unit.deployed_stacks import Json, Stack, stacks
from tests.unit.other_settings import Synthesized

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

METRICS: Final = "cloudwatch:PutMetricData in one namespace"
TASKS: Final = "ecs:ListTasks of one cluster"
ON_EVERYTHING: Final = {
    "AlarmSharing": {"cloudwatch:DescribeAlarms"},
    "BakeRole": {"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"},
    "CheckRole": {METRICS, "backup:GetRestoreTestingPlan", "backup:ListRestoreJobs"},
    "DeliveryReaderRole": {TASKS},
    "PipelineUpdatePipelineSelfMutationRole": {"cloudformation:DescribeStacks", "s3:ListBucket"},
    "TaskExecutionRole": {"ecr:GetAuthorizationToken"},
    "VerifierRole": {
        *("cloudwatch:DescribeAlarms", "ecs:DescribeTaskDefinition", "elasticloadbalancing:DescribeTargetHealth", TASKS)
    },
}
"""The actions that each role is allowed on `*`. The drift check reads configuration only (test_drift_permissions)."""
CONDITIONS: Final = {
    "cloudwatch:PutMetricData": (METRICS, {"StringEquals": {"cloudwatch:namespace": "YAWLMaintenance"}}),
    "ecs:ListTasks": (TASKS, "ecs:cluster"),
}
GROUPS: Final = {
    *("s3:Abort*", "s3:DeleteObject*", "s3:GetBucket*", "s3:GetObject*", "s3:List*"),
    *("kms:GenerateDataKey*", "kms:ReEncrypt*"),
}
"""The groups of actions that the library grants the pipeline on its artifacts; no other role has any."""

FROM_ELSEWHERE: Final = {
    "bake": {"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"},
    "delivery-reader": {
        *("cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResource", "cloudformation:GetTemplate"),
        *("ecs:DescribeTasks", "ecs:ListTasks"),
    },
    "integration-tests": {
        *("cloudformation:DescribeStackResourceDrifts", "cloudformation:DescribeStacks", "cloudwatch:DescribeAlarms"),
        *("ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTasks"),
        *("elasticache:DescribeReplicationGroups", "elasticloadbalancing:DescribeTargetHealth", "kms:Decrypt"),
        *("rds:DescribeDBInstances", "rds:DescribeDBParameters"),
        *("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
    },
    "CloudWatch-CrossAccountSharingRole": {"cloudwatch:DescribeAlarms"},
}
"""What the roles for the pipeline's account may do, by the end of their names."""


LOGS: Final = {"logs:CreateLogStream", "logs:PutLogEvents"}
READ_ARTIFACTS: Final = {"kms:Decrypt", "kms:DescribeKey", "s3:GetBucket*", "s3:GetObject*", "s3:List*"}
BUILDS: Final = {
    "Bake": {*LOGS, *READ_ARTIFACTS, "sts:AssumeRole"},
    "IntegrationTests": {
        *("codebuild:BatchPutCodeCoverages", "codebuild:BatchPutTestCases", "codebuild:CreateReport"),
        *("codebuild:CreateReportGroup", "codebuild:UpdateReport", "sts:AssumeRole", *LOGS, *READ_ARTIFACTS),
    },
    "ReviewChanges": {
        *("codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState", "kms:GenerateDataKey", "s3:GetObject"),
        *("s3:ListBucket", "s3:PutObject", "sts:AssumeRole", *LOGS, *READ_ARTIFACTS),
    },
}
"""What builds that decide about a release may do."""


def statements(stack: Stack) -> Iterator[tuple[str, Json]]:
    """Yield every statement that allows something to a role, with the role's id."""
    for _, policy in stack.of_type("AWS::IAM::Policy"):
        for role in policy["Roles"]:
            yield from ((role["Ref"], one) for one in policy["PolicyDocument"]["Statement"])
    for logical_id, role in stack.of_type("AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            yield from ((logical_id, one) for one in policy["PolicyDocument"]["Statement"])


@pytest.fixture(scope="module")
def found(assembly: "CloudAssembly") -> list[Stack]:
    return stacks(Synthesized(Path(assembly.directory)))


def test_roles_may_do_this_on_every_resource(found: list[Stack]) -> None:
    for stack in found:
        given: dict[str, set[str]] = {}
        for role, statement in statements(stack):
            name = re.sub(r"[0-9A-F]{8}$", "", role)
            if name == "DriftCheckRole" or "*" not in as_list(statement["Resource"]):
                continue
            for action in as_list(statement["Action"]):
                named, condition = CONDITIONS.get(action, (action, None))
                holds = str(condition) in str(statement.get("Condition"))
                given.setdefault(name, set()).add(named if holds else action)
        for name, actions in given.items():
            assert actions <= ON_EVERYTHING.get(name, set()), f"{stack.name} {name}"


def test_only_the_pipeline_has_groups_of_actions(found: list[Stack]) -> None:
    for stack in found:
        for role, statement in statements(stack):
            groups = {action for action in as_list(statement["Action"]) if "*" in action}
            allowed = GROUPS if stack.name == "yawl-delivery" and role.startswith("Pipeline") else set[str]()
            assert groups <= allowed, f"{stack.name} {role}"


@pytest.mark.parametrize("end", FROM_ELSEWHERE)
def test_roles_for_the_pipelines_account_only_read(found: list[Stack], end: str) -> None:
    roles = 0
    for stack in found:
        for logical_id, role in stack.of_type("AWS::IAM::Role"):
            if str(role.get("RoleName", "")) in (end, f"yawl-{stack.environment}-{end}"):
                roles += 1
                own = [one for name, one in statements(stack) if name == logical_id]
                actions = {action for one in own for action in as_list(one["Action"])}
                if (end, stack.environment) == ("delivery-reader", "prod"):
                    # Incidents of the last environment count.
                    actions.remove("cloudwatch:DescribeAlarmHistory")
                assert actions == FROM_ELSEWHERE[end]
                assert {one["Effect"] for one in own} == {"Allow"}
                assert "ManagedPolicyArns" not in role
    assert roles == 3


@pytest.mark.parametrize("action", BUILDS)
def test_builds_that_decide_about_a_release_may_do_this(found: list[Stack], action: str) -> None:
    [pipeline] = [stack for stack in found if stack.name == "yawl-delivery"]
    roles = [name for name, _ in pipeline.of_type("AWS::IAM::Role") if re.search(rf"{action}Role[0-9A-F]{{8}}$", name)]
    assert len(roles) == 3
    for role in roles:
        own = [one for name, one in statements(pipeline) if name == role]
        assert {action for one in own for action in as_list(one["Action"])} == BUILDS[action]
