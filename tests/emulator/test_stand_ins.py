"""A stand-in is behind each deployed service's load balancer, once, and answers as the container does."""

import json
import urllib.error
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud import open_directly
from rehearsal.processes import Processes
from rehearsal.tasks import NoTasks, StandIns
from tests.emulator.conftest import Account, ref, resource
from tests.emulator.test_load_balancers import by_proxy, template

HEALTH = "/resourceService/"


def service() -> dict[str, dict[str, Any]]:
    """A service behind a load balancer."""
    container = {"Name": "engine", "Image": "engine:1", "PortMappings": [{"ContainerPort": 8080}]}
    target = {"ContainerName": "engine", "ContainerPort": 8080, "TargetGroupArn": ref("Group")}
    resources = template()
    resources["Group"]["Properties"]["HealthCheckPath"] = HEALTH
    return resources | {
        "Cluster": resource("AWS::ECS::Cluster"),
        "Task": resource("AWS::ECS::TaskDefinition", Family="engine", ContainerDefinitions=[container]),
        "Service": resource(
            "AWS::ECS::Service",
            Cluster=ref("Cluster"),
            TaskDefinition=ref("Task"),
            DesiredCount=2,
            LoadBalancers=[target],
        ),
    }


@pytest.fixture
def stand_ins(account: Account, workshop: Any, tmp_path: Path) -> StandIns:
    processes: Processes = workshop.processes
    return StandIns(account.cloud, processes, tmp_path)


def test_a_stand_in_keeps_the_containers_contract_behind_the_load_balancer(
    account: Account, stand_ins: StandIns
) -> None:
    ids = account.deploy(**service())
    [said] = stand_ins.start("stack", account.place)
    assert said.startswith("stand-in on 127.0.0.1:")
    [balancer] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    status, text = by_proxy(account, f"http://{balancer['DNSName']}{HEALTH}")
    assert status == 200
    assert json.loads(text)["role"] == "active"
    assert json.loads(text)["engine"] == "stand-in"
    [health] = account.client("elbv2").describe_target_health(TargetGroupArn=ids["Group"])["TargetHealthDescriptions"]
    assert health["TargetHealth"]["State"] == "healthy"


def test_a_service_that_is_deployed_again_keeps_its_stand_in(account: Account, stand_ins: StandIns) -> None:
    account.deploy(**service())
    assert stand_ins.start("stack", account.place) == stand_ins.start("stack", account.place)


def test_a_stack_without_a_service_has_none(account: Account, stand_ins: StandIns) -> None:
    account.deploy(**template())
    assert stand_ins.start("stack", account.place) == ()


def test_without_tasks_nothing_answers(account: Account) -> None:
    account.deploy(**service())
    assert NoTasks().start("stack", account.place) == ()
    [balancer] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert by_proxy(account, f"http://{balancer['DNSName']}{HEALTH}")[0] == 503


def test_a_stand_in_ends_with_the_rehearsal(account: Account, workshop: Any, stand_ins: StandIns) -> None:
    account.deploy(**service())
    [said] = stand_ins.start("stack", account.place)
    port = said.split(":")[1].split(" ")[0]
    workshop.processes.end_all()
    with pytest.raises(urllib.error.URLError):
        open_directly(f"http://127.0.0.1:{port}{HEALTH}", timeout_seconds=2)
