"""The role with which the pipeline's functions read an environment: which they are, and what they may read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.delivery_events.clients import Accounts, NotReadable
from lambdas.delivery_events.execution import DeployedStack
from tests.policies import Json, allows, in_text
from tests.unit.other_settings import APPS, Synthesized
from tests.unit.pipeline_definition import Pipeline, actions_of

CALLS = (
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResource",
    "cloudformation:GetTemplate",
)


def environment_stacks(app: Synthesized) -> Iterator[tuple[DeployedStack, Json]]:
    """Yield every stack that the pipeline deploys to environments, with its template."""
    for folder in app.folder.glob("assembly-*"):
        for artifact in Synthesized(Path(folder)).artifacts.values():
            if artifact["type"] == "aws:cloudformation:stack":
                account, region = artifact["environment"].removeprefix("aws://").split("/")
                template = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
                name = artifact["properties"]["stackName"]
                yield DeployedStack(name=name, account=account, region=region), template


def readers(app: Synthesized) -> dict[str, Json]:
    """Return the delivery reader roles of all environments, and their statements, by the roles' ARNs."""
    found: dict[str, Json] = {}
    for stack, template in environment_stacks(app):
        for name, resource in template["Resources"].items():
            role_name = resource["Properties"].get("RoleName", "") if resource["Type"] == "AWS::IAM::Role" else ""
            if "delivery-reader" in role_name:
                arn = f"arn:aws:iam::{stack.account}:role/{role_name}"
                assert arn not in found
                statements = Pipeline(template["Resources"]).statements_of(name)
                found[arn] = {"stack": stack.name, "trust": resource["Properties"]["AssumeRolePolicyDocument"]}
                found[arn]["statements"] = statements
    return found


def functions(app: Synthesized) -> list[Json]:
    return [
        one for one in app.pipeline.of_type("AWS::Lambda::Function") if one["Handler"].startswith("delivery_events.")
    ]


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_role_can_read_every_stack(app: Synthesized) -> None:
    roles = readers(app)
    both = functions(app)
    assert len(both) == 2
    for function in both:
        accounts = Accounts({name: in_text(value) for name, value in function["Environment"]["Variables"].items()})
        own = app.pipeline.statements_of(function["Role"]["Fn::GetAtt"][0])
        for stack, template in environment_stacks(app):
            role = accounts.role(stack)
            assert allows(own, "sts:AssumeRole", role), stack.name
            may = roles[role]["statements"]
            arn = f"arn:aws:cloudformation:{stack.region}:{stack.account}:stack/{stack.name}/1234"
            assert [call for call in CALLS if not allows(may, call, arn)] == [], stack.name
            for resource in template["Resources"].values():
                if resource["Type"] == "AWS::ECS::Cluster":
                    place = f"arn:aws:ecs:{stack.region}:{stack.account}"
                    cluster = {"ecs:cluster": f"{place}:cluster/{resource['Properties']['ClusterName']}"}
                    assert allows(may, "ecs:ListTasks", f"{place}:container-instance/x", cluster)
                    assert allows(may, "ecs:DescribeTasks", f"{place}:task/{resource['Properties']['ClusterName']}/1")


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_functions_can_assume_only_these_roles(app: Synthesized) -> None:
    for function in functions(app):
        own = app.pipeline.statements_of(function["Role"]["Fn::GetAtt"][0])
        [assumed] = [one["Resource"] for one in own if one["Action"] == "sts:AssumeRole"]
        assert sorted([assumed] if isinstance(assumed, str) else assumed) == sorted(readers(app))


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_role_reads_no_data_and_no_other_environment(app: Synthesized) -> None:
    for arn, role in readers(app).items():
        account = arn.split(":")[4]
        history = {"cloudwatch:DescribeAlarmHistory"} if arn in watched_roles(app) else set[str]()
        assert actions_of(role["statements"]) == {*CALLS, *history, "ecs:DescribeTasks", "ecs:ListTasks"}
        alarm = f"arn:aws:cloudwatch:us-east-1:{account}:alarm:yawl-another-error-rate"
        assert not allows(role["statements"], "cloudwatch:DescribeAlarmHistory", alarm)
        other = f"arn:aws:cloudformation:us-east-1:{account}:stack/yawl-another-network/1"
        assert not allows(role["statements"], "cloudformation:GetTemplate", other)
        cluster = {"ecs:cluster": f"arn:aws:ecs:us-east-1:{account}:cluster/yawl-another"}
        assert not allows(role["statements"], "ecs:ListTasks", "*", cluster)


def metrics_function(app: Synthesized) -> Json:
    """Return the function that counts incidents."""
    [found] = [
        one for one in app.pipeline.of_type("AWS::Lambda::Function") if one["Handler"].startswith("delivery_metrics.")
    ]
    return found


def watched_roles(app: Synthesized) -> set[str]:
    """Return the roles with which that function reads the last environment."""
    return {one["role"] for one in json.loads(metrics_function(app)["Environment"]["Variables"]["WATCHED"])}


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_history_of_the_last_environments_high_alarms_can_be_read_in_each_of_its_regions(app: Synthesized) -> None:
    function = metrics_function(app)
    own = app.pipeline.statements_of(function["Role"]["Fn::GetAtt"][0])
    watched = json.loads(function["Environment"]["Variables"]["WATCHED"])
    templates = {stack.name: template for stack, template in environment_stacks(app)}
    roles = readers(app)
    stages = json.loads(function["Environment"]["Variables"]["ENVIRONMENTS"])[-1]["stages"]
    assert len(watched) == sum(map(len, stages.values()))
    for one in watched:
        assert allows(own, "sts:AssumeRole", one["role"])
        account = one["role"].split(":")[4]
        name = roles[one["role"]]["stack"].removesuffix("-network")
        alarms = {
            found["Properties"]["AlarmName"]: found["Properties"]["AlarmDescription"]
            for found in templates[f"{name}-monitoring"]["Resources"].values()
            if found["Type"] == "AWS::CloudWatch::Alarm"
        }
        assert one["alarms"] == [alarm for alarm, description in alarms.items() if description.startswith("HIGH")]
        for alarm in one["alarms"]:
            arn = f"arn:aws:cloudwatch:{one['region']}:{account}:alarm:{alarm}"
            assert allows(roles[one["role"]]["statements"], "cloudwatch:DescribeAlarmHistory", arn)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_every_region_of_an_environment_has_a_last_action(app: Synthesized) -> None:
    """The metrics' function counts a release when all of them have passed."""
    for environment in json.loads(metrics_function(app)["Environment"]["Variables"]["ENVIRONMENTS"]):
        for stage, last_actions in environment["stages"].items():
            names = [action["Name"] for action in app.pipeline.stages[stage]]
            monitored = [name for name in names if name.endswith("-monitoring.Deploy")]
            assert len(last_actions) == len(monitored)
            assert {name.rpartition(".")[2] for name in last_actions} <= {"Bake", "IntegrationTests"}
            assert set(last_actions) <= set(names)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_it_trusts_the_functions_that_read_and_nobody_else(app: Synthesized) -> None:
    own = {function["Role"]["Fn::GetAtt"][0] for function in functions(app)}
    counting = metrics_function(app)["Role"]["Fn::GetAtt"][0]
    roles = [name for name, one in app.pipeline.resources.items() if one["Type"] == "AWS::IAM::Role"]
    assert len(own) == 2 < len(roles)
    for arn, role in readers(app).items():
        [trust] = role["trust"]["Statement"]
        assert in_text(trust["Principal"]["AWS"]) == "arn:aws:iam::111111111111:root"
        # CloudFormation names a role after its stack and its logical id.
        trusted = {
            name
            for name in roles
            if allows(
                [{**trust, "Resource": "*"}],
                "sts:AssumeRole",
                "*",
                {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/yawl-delivery-{name}-1A2B3C4D5E6F"},
            )
        }
        assert trusted == (own | {counting} if arn in watched_roles(app) else own)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_role_is_in_a_stack_without_dependencies(app: Synthesized) -> None:
    for role in readers(app).values():
        actions = {
            action["Configuration"]["StackName"]: action["RunOrder"]
            for stage in app.pipeline.stages.values()
            for action in stage
            if action["ActionTypeId"]["Provider"] == "CloudFormation"
        }
        assert actions[role["stack"]] == 1


def test_further_region_is_not_confused_with_the_environment() -> None:
    accounts = Accounts(
        {
            "READER_ROLE": "arn:aws:iam::{account}:role/yawl-{environment}-delivery-reader",
            "READABLE_ENVIRONMENTS": '["prod", "prod-eu-west-1"]',
        }
    )
    stack = DeployedStack(name="yawl-prod-eu-west-1-network", account="444444444444", region="eu-west-1")
    assert accounts.role(stack) == "arn:aws:iam::444444444444:role/yawl-prod-eu-west-1-delivery-reader"


class Refusing:
    """A client of STS that answers with an error."""

    def __init__(self, code: str) -> None:
        self._code = code

    def assume_role(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": self._code}}, "AssumeRole")


@pytest.mark.parametrize(("code", "raised"), [("AccessDenied", NotReadable), ("Throttling", ClientError)])
def test_missing_role_differs_from_a_later_error(
    code: str, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts({"READER_ROLE": "{account}{environment}", "READABLE_ENVIRONMENTS": "[]"})
    monkeypatch.setattr(accounts, "home", {"sts": Refusing(code)}.__getitem__)
    with pytest.raises(raised):
        accounts.environment("ecs", DeployedStack(name="yawl-dev-network", account="222222222222", region="us-east-1"))
