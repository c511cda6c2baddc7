"""What counts as drift: what somebody changed, and not what AWS may change by itself."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from integration_tests import drift as integration_tests_drift
from integration_tests.drift import known_drift
from lambdas.daily_checks import find_drift

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DATABASE = "AWS::RDS::DBInstance"
GROUP = "AWS::ElastiCache::ReplicationGroup"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
RULES = "AWS::EC2::SecurityGroup"
Difference = tuple[str, str, str, str]
NOT_EQUAL = "NOT_EQUAL"

CASES: dict[str, tuple[str, dict[str, Any], Difference, bool]] = {
    # name: type, properties of the template, difference (path, expected, actual, kind), whether it is real
    "a minor upgrade that is allowed": (
        DATABASE, {"AutoMinorVersionUpgrade": "true"}, ("/EngineVersion", "15.18", "15.19", NOT_EQUAL), False,
    ),
    "a minor upgrade that is not allowed": (
        DATABASE, {"AutoMinorVersionUpgrade": "false"}, ("/EngineVersion", "15.18", "15.19", NOT_EQUAL), True,
    ),
    "a major upgrade": (
        DATABASE, {"AutoMinorVersionUpgrade": True}, ("/EngineVersion", "15.18", "16.2", NOT_EQUAL), True,
    ),
    "storage that has grown by itself": (
        DATABASE, {"MaxAllocatedStorage": 100}, ("/AllocatedStorage", "20", "40", NOT_EQUAL), False,
    ),
    "storage that somebody has changed": (DATABASE, {}, ("/AllocatedStorage", "20", "40", NOT_EQUAL), True),
    "another class": (
        DATABASE,
        {"AutoMinorVersionUpgrade": True, "MaxAllocatedStorage": 100},
        ("/DBInstanceClass", "db.t3.micro", "db.t3.large", NOT_EQUAL),
        True,
    ),
    "a cache that tells its patch release": (
        GROUP, {"AutoMinorVersionUpgrade": True}, ("/EngineVersion", "7.0", "7.0.7", NOT_EQUAL), False,
    ),
    "tasks that sleep": (
        TARGET, {"ScheduledActions": [{"ScheduledActionName": "Sleep"}]}, ("/MinCapacity", "2", "0", NOT_EQUAL), False,
    ),
    "a minimum that somebody has changed": (TARGET, {}, ("/MinCapacity", "2", "1", NOT_EQUAL), True),
    "defaults of an object in a list": (
        RULES,
        {},
        ("/SecurityGroupIngress", '[{"FromPort":1}]', '[{"FromPort":1,"Description":""}]', NOT_EQUAL),
        False,
    ),
    "a default of an object in a list": (RULES, {}, ("/SecurityGroupIngress/0/Description", "null", "", "ADD"), False),
    "a rule more": (RULES, {}, ("/SecurityGroupIngress/1", "null", '{"FromPort":22}', "ADD"), True),
    "another list": (RULES, {}, ("/SecurityGroupIngress", '[{"FromPort":1}]', '[{"FromPort":2}]', NOT_EQUAL), True),
    "an object outside of lists": (RULES, {}, ("/Options", '{"A":1}', '{"A":1,"B":2}', NOT_EQUAL), True),
}  # fmt: skip


def drift_of(resource_type: str, properties: dict[str, Any], *differences: Difference) -> dict[str, Any]:
    return {
        "StackId": "stack",
        "LogicalResourceId": "Resource",
        "ResourceType": resource_type,
        "ExpectedProperties": json.dumps(properties),
        "PropertyDifferences": [
            {"PropertyPath": path, "ExpectedValue": expected, "ActualValue": actual, "DifferenceType": kind}
            for path, expected, actual, kind in differences
        ],
        "StackResourceDriftStatus": "MODIFIED",
        "Timestamp": MOMENT,
    }


MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BEFORE, AFTER = MOMENT.replace(hour=11), MOMENT.replace(hour=13)


@pytest.mark.parametrize("module", [find_drift, integration_tests_drift], ids=["daily", "after-a-deployment"])
@pytest.mark.parametrize(("resource_type", "properties", "difference", "real"), CASES.values(), ids=CASES)
def test_drift_results(
    resource_type: str, properties: dict[str, Any], difference: Difference, real: bool, module: ModuleType
) -> None:
    found = module.real_differences(drift_of(resource_type, properties, difference))
    assert found == ([difference[0]] if real else [])


def test_both_copies_have_the_same_rules() -> None:
    assert find_drift.AWS_MAY_CHANGE == integration_tests_drift.AWS_MAY_CHANGE


@pytest.fixture(scope="module")
def resources(assembly: "CloudAssembly") -> list[dict[str, Any]]:
    files = [Path(stack.template_full_path) for stack in assembly.stacks_recursively]
    return [one for file in files for one in json.loads(file.read_text())["Resources"].values()]


def test_every_rule_is_about_what_a_template_allows(resources: list[dict[str, Any]]) -> None:
    # Tasks sleep in no environment of the tests' settings.
    for path, allowed_by in find_drift.AWS_MAY_CHANGE.items():
        resource_type, _, name = path.partition("/")
        having = [one["Properties"] for one in resources if one["Type"] == resource_type]
        assert having, path
        if allowed_by != "ScheduledActions":
            assert any(one.get(allowed_by) and name in one for one in having), path


def test_scaled_properties_are_not_in_templates(resources: list[dict[str, Any]]) -> None:
    services = [one["Properties"] for one in resources if one["Type"] == "AWS::ECS::Service"]
    assert services
    assert all("DesiredCount" not in one for one in services)


class TestAfterADeployment:
    """Drift is told and never judged."""

    @pytest.fixture
    def stub(self) -> Iterator[Stubber]:
        client = boto3.client(
            "cloudformation", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="a"
        )
        with Stubber(client) as stub:
            yield stub

    def stack(self, stub: Stubber, status: str | None, compared: datetime | None = AFTER) -> None:
        information: dict[str, Any] = {"StackDriftStatus": status} if status else {}
        stack: dict[str, Any] = {
            "StackName": "yawl-dev-cache",
            "CreationTime": MOMENT,
            "StackStatus": "CREATE_COMPLETE",
        }
        if compared is not None:
            information["LastCheckTimestamp"] = compared
        if information:
            stack["DriftInformation"] = information
        stub.add_response("describe_stacks", {"Stacks": [stack]})

    def known(self, stub: Stubber) -> tuple[str, tuple[str, ...]]:
        found = known_drift(stub.client, names=["yawl-dev-cache"], region="eu-central-1")
        stub.assert_no_pending_responses()
        return found.summary, found.remarks

    @pytest.mark.parametrize(
        ("status", "compared", "summary"),
        [
            ("IN_SYNC", AFTER, "drift: 1 in sync"),
            ("NOT_CHECKED", None, "drift: 1 never checked"),
            (None, None, "drift: 1 never checked"),
            ("DRIFTED", BEFORE, "drift: 1 drifted before the last change"),
        ],
    )
    def test_no_drift(self, stub: Stubber, status: str | None, compared: datetime | None, summary: str) -> None:
        self.stack(stub, status, compared)
        assert self.known(stub) == (summary, ())

    def test_drifted_stack_is_reported(self, stub: Stubber) -> None:
        self.stack(stub, "DRIFTED")
        difference = ("/CacheNodeType", "cache.t3.micro", "cache.t3.large", NOT_EQUAL)
        first = {"StackResourceDrifts": [drift_of(GROUP, {}, difference)], "NextToken": "more"}
        gone = drift_of(RULES, {}) | {"LogicalResourceId": "Rules", "StackResourceDriftStatus": "DELETED"}
        stub.add_response("describe_stack_resource_drifts", first)
        stub.add_response("describe_stack_resource_drifts", {"StackResourceDrifts": [gone]})
        summary, [remark] = self.known(stub)
        assert summary == "drift: 1 drifted"
        assert "yawl-dev-cache has drifted" in remark
        assert "Resource (/CacheNodeType), Rules (deleted)" in remark
        assert "aws cloudformation describe-stack-resource-drifts --region eu-central-1" in remark

    def test_expected_changes_are_ignored(self, stub: Stubber) -> None:
        self.stack(stub, "DRIFTED")
        upgrade = drift_of(GROUP, {"AutoMinorVersionUpgrade": True}, ("/EngineVersion", "7.0", "7.0.7", NOT_EQUAL))
        stub.add_response("describe_stack_resource_drifts", {"StackResourceDrifts": [upgrade]})
        assert self.known(stub) == ("drift: 1 changed by AWS only", ())

    @pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "ValidationError"])
    def test_unreadable_stack_is_reported(self, stub: Stubber, code: str) -> None:
        stub.add_client_error("describe_stacks", code, "why")
        summary, [remark] = self.known(stub)
        assert summary == f"drift: 1 unknown ({code})"
        assert "the drift of yawl-dev-cache is unknown" in remark
        assert "why" in remark
