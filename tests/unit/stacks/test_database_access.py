"""Database access of operators: off by default; with it, one role that may log in, and a record of each session."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit import one_environment
from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import skip_with_example_only


@pytest.fixture(scope="module")
def prod(request: pytest.FixtureRequest) -> OneEnvironment:
    skip_with_example_only(request)
    return one_environment.prod_with_database_access()


def of_type(template: Any, kind: str) -> Mapping[str, Any]:
    return {name: found["Properties"] for name, found in template.find_resources(kind).items()}


def ours(template: Any, kind: str) -> Any:
    [found] = [one for name, one in of_type(template, kind).items() if name.startswith("DatabaseAccess")]
    return found


def test_by_default_there_is_none(template: Any) -> None:
    application = template("prod", "application")
    for kind in ("AWS::ECS::TaskDefinition", "AWS::ECS::Cluster", "AWS::Logs::LogGroup", "AWS::IAM::Role"):
        assert not [name for name in of_type(application, kind) if name.startswith("DatabaseAccess")]
    assert "YAWL_DB_READER" not in str(application.to_json())


def test_it_ends_by_itself_after_an_hour(prod: OneEnvironment) -> None:
    [container] = ours(prod("application"), "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert (container["EntryPoint"], container["Command"]) == (["sleep"], ["3600"])
    assert "Secrets" not in container


def test_it_is_given_addresses_and_nothing_secret(prod: OneEnvironment) -> None:
    [container] = ours(prod("application"), "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert sorted(one["Name"] for one in container["Environment"]) == [
        "AWS_REGION",
        "YAWL_DB_CA_BUNDLE",
        "YAWL_DB_HOST",
        "YAWL_DB_NAME",
        "YAWL_DB_PORT",
        "YAWL_DB_READER",
    ]
    assert "{{resolve:" not in str(container)


def test_only_tasks_assume_its_roles(prod: OneEnvironment) -> None:
    roles = of_type(prod("application"), "AWS::IAM::Role")
    found = [one["AssumeRolePolicyDocument"]["Statement"] for name, one in roles.items() if "DatabaseAccess" in name]
    tasks = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    assert found == [[tasks], [tasks]]


def test_nothing_runs_until_it_is_opened(prod: OneEnvironment) -> None:
    assert len(of_type(prod("application"), "AWS::ECS::Service")) == 1, "the engine's own"


def test_sessions_are_recorded_in_an_encrypted_log_group(prod: OneEnvironment) -> None:
    application = prod("application")
    found = ours(application, "AWS::ECS::Cluster")["Configuration"]["ExecuteCommandConfiguration"]
    assert found["Logging"] == "OVERRIDE"
    assert found["LogConfiguration"]["CloudWatchEncryptionEnabled"] is True
    log = ours(application, "AWS::Logs::LogGroup")
    assert log["KmsKeyId"]
    assert log["RetentionInDays"]


def test_engines_own_cluster_allows_no_sessions(prod: OneEnvironment) -> None:
    clusters = of_type(prod("application"), "AWS::ECS::Cluster")
    assert [name for name, one in clusters.items() if "Configuration" in one] == [
        name for name in clusters if name.startswith("DatabaseAccess")
    ]
    [service] = of_type(prod("application"), "AWS::ECS::Service").values()
    assert not service.get("EnableExecuteCommand")


def test_its_role_may_log_in_as_the_reader_and_be_reached(prod: OneEnvironment) -> None:
    policies = of_type(prod("application"), "AWS::IAM::Policy")
    [policy] = [one for name, one in policies.items() if name.startswith("DatabaseAccessTaskTaskRole")]
    statements = policy["PolicyDocument"]["Statement"]
    [login] = [one for one in statements if one["Action"] == "rds-db:connect"]
    assert str(login["Resource"]).endswith("'/yawl_reader']]}")
    actions = {
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert {action.partition(":")[0] for action in actions} == {"rds-db", "ssmmessages", "logs"}


def test_only_its_tasks_have_the_group_that_reaches_the_database(prod: OneEnvironment) -> None:
    network = prod("network")
    [group] = [name for name in of_type(network, "AWS::EC2::SecurityGroup") if name.startswith("AccessSecurityGroup")]
    into = of_type(network, "AWS::EC2::SecurityGroupIngress").values()
    ports = [one["FromPort"] for one in into if group in str(one["SourceSecurityGroupId"])]
    assert ports == [5432]
    assert not [one for one in into if group in str(one["GroupId"])], "nobody connects to it"


def test_engine_creates_the_reader(prod: OneEnvironment) -> None:
    tasks = of_type(prod("application"), "AWS::ECS::TaskDefinition")
    [engine] = [one for name, one in tasks.items() if not name.startswith("DatabaseAccess")]
    [container] = engine["ContainerDefinitions"]
    assert {"Name": "YAWL_DB_READER", "Value": "yawl_reader"} in container["Environment"]
