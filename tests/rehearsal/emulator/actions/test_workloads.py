"""A fake of each task is behind a deployed service's load balancer, once, and answers as the container does."""

import base64
import hashlib
import http.client
import json
import urllib.error
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from rehearsal.actions.run import ActionFailed
from rehearsal.engine.cloud import open_without_proxy
from rehearsal.workloads.tasks import NoTasks, Tasks
from tests.paths import ROOT
from tests.rehearsal.emulator.aws.test_load_balancers import by_proxy, template
from tests.rehearsal.emulator.conftest import Account, ref, resource
from tests.rehearsal.workloads import workload

HEALTH = "/resourceService/"


USER, PASSWORD = "verifier", "correct horse"
ENCODED = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()


def service(*, version: str = "6.1.0") -> dict[str, dict[str, Any]]:
    """A service of two tasks behind a load balancer, whose container is given the engine's credentials."""
    secrets = [
        {"Name": f"YAWL_ADMIN_{name}", "ValueFrom": {"Fn::Sub": f"${{Credentials}}:{key}::"}}
        for name, key in (("USER", "username"), ("PASSWORD", "password"))
    ]
    container = {
        "Name": "engine",
        "Image": "engine:1",
        "PortMappings": [{"ContainerPort": 8080}],
        "Environment": [{"Name": "IMAGE_VERSION", "Value": version}],
        "Secrets": secrets,
    }
    target = {"ContainerName": "engine", "ContainerPort": 8080, "TargetGroupArn": ref("Group")}
    resources = template()
    resources["Group"]["Properties"]["HealthCheckPath"] = HEALTH
    credentials = json.dumps({"username": USER, "password": PASSWORD})
    return resources | {
        "Credentials": resource("AWS::SecretsManager::Secret", SecretString=credentials),
        "Cluster": resource("AWS::ECS::Cluster"),
        "Task": resource("AWS::ECS::TaskDefinition", Family="engine", ContainerDefinitions=[container]),
        "Service": resource(
            "AWS::ECS::Service",
            Cluster=ref("Cluster"),
            TaskDefinition=ref("Task"),
            DesiredCount=1,
            LoadBalancers=[target],
            NetworkConfiguration={"AwsvpcConfiguration": {"Subnets": [ref("One"), ref("Two")]}},
        ),
        "Scaling": resource(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId={"Fn::Sub": "service/${Cluster}/${Service.Name}"},
            MinCapacity=2,
            MaxCapacity=4,
        ),
    }


@pytest.fixture
def fake_tasks(account: Account, workshop: Any, tmp_path: Path) -> Tasks:
    return Tasks(account.cloud, workload(workshop.processes, tmp_path))


def at_every_task(account: Account, path: str, body: bytes | None = None) -> dict[str, str]:
    """Ask the load balancer until both tasks have answered; return what each said, by its name."""
    emulator = urlsplit(account.cloud.endpoint)
    [balancer] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    found: dict[str, str] = {}
    for _ in range(100):
        connection = http.client.HTTPConnection(emulator.hostname or "", emulator.port, timeout=10)
        connection.request("POST" if body else "GET", path, body, {"Host": balancer["DNSName"]})
        response = connection.getresponse()
        assert response.status == 200
        found[response.headers["X-Yawl-Task"]] = response.read().decode()
        connection.close()
        if len(found) == 2:
            return found
    raise AssertionError(f"only {list(found)} answered")


def test_each_task_of_a_service_has_a_fake_of_its_name(account: Account, fake_tasks: Tasks) -> None:
    ids = account.deploy(**service())
    output = fake_tasks.start("stack", account.place)
    assert [words.rpartition(":")[0] for words in output] == ["workload on 127.0.0.1"] * 2
    answers = at_every_task(account, HEALTH)
    tasks = account.client("ecs").list_tasks(cluster=ids["Cluster"])["taskArns"]
    assert set(answers) == {arn.split("/")[-1][:8] for arn in tasks}
    assert {json.loads(text)["role"] for text in answers.values()} == {"active", "standby"}
    assert {json.loads(text)["version"] for text in answers.values()} == {"6.1.0"}


def test_they_are_registered_as_healthy_targets_of_several_zones(account: Account, fake_tasks: Tasks) -> None:
    ids = account.deploy(**service())
    fake_tasks.start("stack", account.place)
    found = account.client("elbv2").describe_target_health(TargetGroupArn=ids["Group"])["TargetHealthDescriptions"]
    assert [item["TargetHealth"]["State"] for item in found] == ["healthy", "healthy"]
    zones = account.client("ec2").describe_subnets(SubnetIds=[ids["One"], ids["Two"]])["Subnets"]
    assert {item["Target"]["AvailabilityZone"] for item in found} == {subnet["AvailabilityZone"] for subnet in zones}


def test_session_is_valid_at_every_task(account: Account, fake_tasks: Tasks) -> None:
    account.deploy(**service())
    fake_tasks.start("stack", account.place)
    refused = at_every_task(account, "/yawl/ia", urlencode(connecting("wrong")).encode())
    assert set(refused.values()) == {"<response><failure>Incorrect Password</failure></response>"}
    opened = at_every_task(account, "/yawl/ia", urlencode(connecting(ENCODED)).encode())
    handle = next(iter(opened.values())).removeprefix("<response>").removesuffix("</response>")
    call = urlencode({"action": "checkConnection", "sessionHandle": handle}).encode()
    assert set(at_every_task(account, "/yawl/ib", call).values()) == {"<response><success/></response>"}


def connecting(password: str) -> dict[str, str]:
    return {"action": "connect", "userID": USER, "password": password}


FAILURES = {
    "echo no database; exit 1": "did not start: no database$",
    "true": r"did not start: it ended without printing \{\"targets\": …}$",
    """read -r line; echo '{"targets": []}'; cat""": "did not start: it printed no address and port: ",
    """read -r line; echo '{"targets": [1]}'; cat""": r"did not start: it printed no address and port: \{.*\}$",
    """read -r line; echo '{"targets": [{"address": "127.0.0.1", "port": 1}]}'; cat""": (
        "failed its health check /resourceService/: .*Connection refused"
    ),
}
"""What the action says of commands that do not serve."""


@pytest.mark.parametrize("command", FAILURES)
def test_command_that_does_not_serve_fails_the_action(
    command: str, account: Account, workshop: Any, tmp_path: Path
) -> None:
    account.deploy(**service())
    with pytest.raises(ActionFailed, match=f"^the workload of .* {FAILURES[command]}"):
        Tasks(account.cloud, workload(workshop.processes, tmp_path, command)).start("stack", account.place)


def test_command_is_told_the_service(account: Account, workshop: Any, tmp_path: Path) -> None:
    """A command of any language, here a shell's; no secret is in its arguments or variables."""
    ids = account.deploy(**service())
    received = tmp_path / "told.json"
    command = f"env > {tmp_path}/env; head -n 1 > {received}; exit 1"
    with pytest.raises(ActionFailed):
        Tasks(account.cloud, workload(workshop.processes, tmp_path, command)).start("stack", account.place)
    document = json.loads(received.read_text())
    [group] = account.client("elbv2").describe_target_groups(TargetGroupArns=[ids["Group"]])["TargetGroups"]
    assert document["service"] == group["TargetGroupName"]
    assert (document["account"], document["region"]) == (account.place.account, account.place.region)
    assert (document["health_path"], len(document["tasks"]), len(document["zones"])) == (HEALTH, 2, 1)
    expected = {"IMAGE_VERSION": "6.1.0", "YAWL_ADMIN_USER": USER, "YAWL_ADMIN_PASSWORD": PASSWORD}
    assert document["variables"] == expected
    assert (document["repository"], document["commit"]) == (str(ROOT), "HEAD")
    assert PASSWORD not in (tmp_path / "env").read_text()


def test_missing_secret_prevents_the_start(account: Account, fake_tasks: Tasks) -> None:
    resources = service()
    [container] = resources["Task"]["Properties"]["ContainerDefinitions"]
    container["Secrets"][0]["ValueFrom"] = {"Fn::Sub": "${Credentials}:nothing::"}
    account.deploy(**resources)
    with pytest.raises(ActionFailed, match=r"^the tasks of stack cannot start: secret arn.* has no key nothing$"):
        fake_tasks.start("stack", account.place)


def test_redeployed_service_keeps_its_fake(account: Account, fake_tasks: Tasks) -> None:
    account.deploy(**service())
    assert fake_tasks.start("stack", account.place) == fake_tasks.start("stack", account.place)


def test_another_version_replaces_the_fakes(account: Account, fake_tasks: Tasks) -> None:
    account.deploy(**service())
    before = fake_tasks.start("stack", account.place)
    account.deploy(**service(version="6.2.0"))
    after = fake_tasks.start("stack", account.place)
    assert not set(before) & set(after)
    answers = at_every_task(account, HEALTH)
    assert {json.loads(text)["version"] for text in answers.values()} == {"6.2.0"}


def test_stack_without_a_service_has_no_fake(account: Account, fake_tasks: Tasks) -> None:
    account.deploy(**template())
    assert fake_tasks.start("stack", account.place) == ()


def test_no_response_without_tasks(account: Account) -> None:
    account.deploy(**service())
    assert NoTasks().start("stack", account.place) == ()
    [balancer] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    refused = (503, "not rehearsed: nothing runs behind this load balancer\n")
    assert by_proxy(account, f"http://{balancer['DNSName']}{HEALTH}") == refused


def test_fake_stops_with_the_rehearsal(account: Account, workshop: Any, fake_tasks: Tasks) -> None:
    account.deploy(**service())
    output, _ = fake_tasks.start("stack", account.place)
    port = output.split(":")[1].split(" ")[0]
    workshop.processes.end_all()
    with pytest.raises(urllib.error.URLError):
        open_without_proxy(f"http://127.0.0.1:{port}{HEALTH}", timeout_seconds=2)
