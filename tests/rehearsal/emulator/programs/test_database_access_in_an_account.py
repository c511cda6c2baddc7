"""`make database-access` in an emulated account: opened, closed, and what it says when it cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.emulator.programs.deployed_pipeline import answering
from tests.rehearsal.emulator.programs.test_destroy import reach
from tests.rehearsal.emulator.small_assembly import write_assembly
from tools.database_access.__main__ import Access, main

Output = pytest.CaptureFixture[str]
APPLICATION, OTHER = "yawl-test-application", "yawl-test-cache"
OUTPUTS = {
    "DatabaseAccessCluster": "access",
    "DatabaseAccessTask": "access:1",
    "DatabaseAccessSubnets": "subnet-1,subnet-2",
    "DatabaseAccessSecurityGroup": "sg-1",
    "DatabaseAccessLog": "sessions",
}
ARN = "arn:aws:ecs:eu-west-1:1:task/access/one"


class Ecs:
    """ECS as it answers while a task starts: without Docker, the emulator starts none."""

    def __init__(self, *states: str, agent: str = "RUNNING") -> None:
        self.states = list(states)
        self.agent = agent
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def run_task(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("run_task", asked))
        return {"tasks": [{"taskArn": ARN}] if self.states else [], "failures": [{"reason": "no capacity"}]}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        agents = [{"name": "ExecuteCommandAgent", "lastStatus": self.agent}]
        return {
            "tasks": [
                {"lastStatus": status, "stoppedReason": "out of memory", "containers": [{"managedAgents": agents}]}
            ]
        }

    def list_tasks(self, **_: Any) -> dict[str, Any]:
        return {"taskArns": [ARN] if self.states else []}

    def stop_task(self, **asked: Any) -> None:
        self.asked.append(("stop_task", asked))


@pytest.fixture
def site(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with an environment's stacks; its assembly is in the working folder."""
    reach(monkeypatch, account.cloud, account.place.account)
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    write_assembly(folder, account.place, "Test", **{APPLICATION: (topic, []), OTHER: (topic, [])})
    monkeypatch.chdir(tmp_path)
    return account


def deploy(account: Account, outputs: dict[str, str]) -> None:
    body: dict[str, Any] = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    body["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
    account.client("cloudformation").create_stack(StackName=APPLICATION, TemplateBody=json.dumps(body))
    Account(account.cloud, account.place, APPLICATION).settled()


def use(monkeypatch: pytest.MonkeyPatch, ecs: Ecs) -> None:
    start = Access.__init__

    def with_fake(self: Access, _: Any, outputs: dict[str, str]) -> None:
        start(self, ecs, outputs)

    def at_once(_: float) -> None: ...

    monkeypatch.setattr(Access, "__init__", with_fake)
    monkeypatch.setattr(Access.open, "__defaults__", (at_once,))


def test_it_is_opened_for_an_hour_and_said_how_to_connect(
    site: Account, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    deploy(site, OUTPUTS)
    ecs = Ecs("PROVISIONING", "PENDING", "RUNNING")
    use(monkeypatch, ecs)
    assert main(["test", "--yes"]) == 0
    [(_, asked)] = ecs.asked
    assert asked["enableExecuteCommand"] is True
    assert (asked["cluster"], asked["taskDefinition"], asked["startedBy"]) == (
        "access",
        "access:1",
        "make database-access",
    )
    network = asked["networkConfiguration"]["awsvpcConfiguration"]
    assert network == {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
    printed = capsys.readouterr().out
    assert "recorded  CloudTrail: who opens it; log group sessions" in printed
    assert f"--cluster access --task {ARN} --container access --interactive" in printed


def test_it_is_closed(site: Account, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    deploy(site, OUTPUTS)
    for ecs, output in ((Ecs("RUNNING"), f"closed: {ARN}\n"), (Ecs(), "nothing was open\n")):
        with monkeypatch.context() as patch:
            use(patch, ecs)
            assert main(["test", "--close"]) == 0
        assert capsys.readouterr().out == output


def test_without_confirmation_nothing_is_opened(site: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(site, OUTPUTS)
    ecs = Ecs("RUNNING")
    use(monkeypatch, ecs)
    monkeypatch.setattr("builtins.input", answering("yes"))
    assert main(["test"]) == 3
    assert ecs.asked == []


CANNOT = [
    (Ecs(), "ECS did not start the task: no capacity"),
    (Ecs("PENDING", "STOPPED"), "the task has stopped: out of memory"),
    (Ecs("PENDING"), "has not started within 180 s"),
    (Ecs("RUNNING", agent="PENDING"), "has not started within 180 s"),
]


@pytest.mark.parametrize(("ecs", "output"), CANNOT, ids=[row[1] for row in CANNOT])
def test_task_that_does_not_start_is_said(
    ecs: Ecs, output: str, site: Account, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    deploy(site, OUTPUTS)
    use(monkeypatch, ecs)
    assert main(["test", "--yes"]) == 1
    assert output in capsys.readouterr().err


def test_mistake_is_bad_input(site: Account, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert main(["tset"]) == 2
    assert "there is no environment tset" in capsys.readouterr().err
    deploy(site, {})
    assert main(["test"]) == 2
    assert "Set database.operator_access = true for test in delivery.toml and push" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    assert main(["test"]) == 2
    assert "but the credentials are of 999999999999; set AWS_PROFILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("AccessDeniedException", "AWS denied it"),
        ("ThrottlingException", "Try again in a minute"),
        ("ServerException", ""),
    ],
)
def test_denied_throttled_and_broken_are_told_apart(
    code: str, output: str, site: Account, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    deploy(site, OUTPUTS)

    def fails(_: Access) -> str:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "RunTask")

    monkeypatch.setattr(Access, "open", fails)
    assert main(["test", "--yes"]) == 1
    error = capsys.readouterr().err
    assert output in error
    assert code in error
