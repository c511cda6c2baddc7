"""The rehearsal's result as data: what scripts may rely on."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import ActionFailed, Deployed, Outcome, Resource, Run
from rehearsal.report import report
from rehearsal.report.environments import Environment, environments
from rehearsal.report.progress import Progress
from rehearsal.report.screen import Screen
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, pipeline, stage

DEV = AwsEnvironment("222222222222", "eu-west-1")


def deploys(
    stack: str, workloads: tuple[str, ...] = (), resources: tuple[Resource, ...] = (), **outputs: str
) -> Outcome:
    return Outcome(deployed=Deployed(stack, DEV, outputs, workloads, resources))


def broken(_: Run) -> None:
    raise ActionFailed("broken")


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """The report of a rehearsal that failed in its second environment."""
    execution = FakeExecution(
        pipeline(
            stage("Dev", action("network"), action("application", run_order=2)),
            stage("Prod", action("network"), action("never", run_order=2)),
        ),
        tmp_path,
    )
    stacks = {
        "network": deploys("dev-network", resources=(Resource("Vpc", "AWS::EC2::VPC", "vpc-1"),), Vpc="vpc-1"),
        "application": deploys(
            "dev-application", ("workload on 127.0.0.1:1 for engine",), Url="http://dev.example", Name="dev"
        ),
    }

    def deploy(run: Run) -> Outcome:
        return stacks[run.action.name] if run.stage == "Dev" else broken(run) or Outcome()

    execution.behaviours = {"network": deploy, "application": deploy}
    result, reason = execution.run()
    execution.progress.finish(result, reason)
    execution.progress.recorded_types = ["AWS::Some::Type"]
    execution.progress.runtimes = {"nodejs22.x ran with Node 24.1.0": ["a"]}
    file = tmp_path / "deep/report.json"
    composed = report.compose(execution.progress, commit="c0ffee", subject="Brew")
    report.write(composed, file)
    return json.loads(file.read_text())


def test_report_has_result_and_reason(document: dict[str, Any]) -> None:
    assert document["result"] == "failed"
    assert document["reason"] == "Prod/network: broken"
    assert (document["commit"], document["restarts"]) == ("c0ffee", 0)
    assert document["seconds"] >= 0


def test_report_lists_every_action(document: dict[str, Any]) -> None:
    stages = {found["name"]: found["status"] for found in document["stages"]}
    assert stages == {"Dev": "succeeded", "Prod": "failed"}
    facts = [
        (item["name"], item["provider"], item["run_order"], item["status"], item["reason"])
        for found in document["stages"]
        for item in found["actions"]
    ]
    assert facts == [
        ("network", "Fake", 1, "succeeded", ""),
        ("application", "Fake", 2, "succeeded", ""),
        ("network", "Fake", 1, "failed", "broken"),
        ("never", "Fake", 2, "waiting", ""),
    ]
    for found in document["stages"]:
        for item in found["actions"]:
            assert re.fullmatch(rf".*/{found['name']}-{item['name']}\.log", item["log"])
            assert isinstance(item["seconds"], float)


def test_report_lists_addresses_and_outputs(document: dict[str, Any]) -> None:
    assert document["environments"] == {
        "Dev": {
            "account": DEV.account,
            "region": DEV.region,
            "url": "http://dev.example",
            "stacks": {
                "dev-network": {"Vpc": "vpc-1"},
                "dev-application": {"Url": "http://dev.example", "Name": "dev"},
            },
            "resources": {
                "dev-network": [{"logical_id": "Vpc", "resource_type": "AWS::EC2::VPC", "physical_id": "vpc-1"}],
                "dev-application": [],
            },
            "workloads": ["workload on 127.0.0.1:1 for engine"],
        }
    }


def test_report_lists_simulated_parts(document: dict[str, Any]) -> None:
    assert document["simulated"] == {
        "tasks": "the declared workload",
        "cloudfront": "a local edge with certificates of a temporary authority",
        "variables": {},
        "recorded_only": ["AWS::Some::Type"],
        "runtimes": {"nodejs22.x ran with Node 24.1.0": ["a"]},
    }


def test_unused_variable_is_not_reported_as_set(tmp_path: Path) -> None:
    def build(run: Run) -> None:
        run.details.replaced.add("BAKE_MINUTES")

    execution = FakeExecution(pipeline(stage("Dev", action("network"), action("Bake", run_order=2))), tmp_path)
    execution.behaviours = {"network": lambda _: deploys("dev-network"), "Bake": build}
    result, reason = execution.run()
    execution.progress.variable_overrides = {"BAKE_MINUTES": "1", "BAKE_MINUTE": "2"}
    execution.progress.finish(result, reason)
    composed = report.compose(execution.progress, commit="c0ffee", subject="Brew")
    assert composed["simulated"]["variables"] == {"BAKE_MINUTES": "1"}
    shown = io.StringIO()
    Screen(Console(file=shown)).summary(execution.progress)
    assert "overridden: BAKE_MINUTES=1\n" in shown.getvalue()
    assert "--set BAKE_MINUTE had no effect: no build has this variable" in shown.getvalue()


def test_other_logs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "somebody-elses.log").write_text("precious")
    (tmp_path / "set-up-step.log").write_text("from the last rehearsal")
    progress = Progress(tmp_path, lambda _: None)
    step = progress.add_step("step", "provider")
    progress.log(step, "new")
    assert (tmp_path / "somebody-elses.log").read_text() == "precious"
    assert step.log_file.read_text() == "new\n"


def deployed_by_one_stage(tmp_path: Path, *stacks: tuple[str, str, str]) -> list[Environment]:
    """The environments of a stage that has deployed these stacks: each by its name, region and address."""
    actions = [action(f"{name} in {region}") for name, region, _ in stacks]
    execution = FakeExecution(pipeline(stage("Prod", *actions)), tmp_path)
    for name, region, address in stacks:
        outputs = {"Url": address} if address else {}
        outcome = Outcome(deployed=Deployed(name, AwsEnvironment("444444444444", region), outputs))
        execution.behaviours[f"{name} in {region}"] = lambda _, outcome=outcome: outcome
    execution.run()
    return environments(execution.progress)


def test_stack_in_another_region_belongs_to_its_environment(tmp_path: Path) -> None:
    [prod] = deployed_by_one_stage(
        tmp_path,
        ("yawl-prod-firewall", "us-east-1", ""),
        ("yawl-prod-application", "eu-west-1", "http://prod.example"),
        ("yawl-prod-recovery-copies", "eu-central-1", ""),
    )
    assert (prod.name, prod.aws_environment.region) == ("Prod", "eu-west-1")
    assert sorted(prod.stacks) == ["yawl-prod-application", "yawl-prod-firewall", "yawl-prod-recovery-copies"]


def test_stack_of_the_same_name_elsewhere_is_listed_beside_it(tmp_path: Path) -> None:
    here = ("storage", "eu-west-1", "http://prod.example")
    [prod] = deployed_by_one_stage(tmp_path, here, ("storage", "eu-central-1", ""))
    copy = "storage in 444444444444/eu-central-1"
    assert prod.stacks == {"storage": {"Url": "http://prod.example"}, copy: {}}
    assert sorted(prod.resources) == sorted(prod.stacks)


def test_each_deployment_of_a_wave_is_an_environment(tmp_path: Path) -> None:
    first, second = deployed_by_one_stage(
        tmp_path,
        ("yawl-prod-eu-west-1-firewall", "us-east-1", ""),
        ("yawl-prod-us-west-2-application", "us-west-2", "http://two.example"),
        ("yawl-prod-eu-west-1-application", "eu-west-1", "http://one.example"),
    )
    assert (first.name, second.name) == ("Prod us-west-2", "Prod eu-west-1")
    assert sorted(second.stacks) == ["yawl-prod-eu-west-1-application", "yawl-prod-eu-west-1-firewall"]


def test_accounts_of_a_wave_in_one_region_are_environments(tmp_path: Path) -> None:
    execution = FakeExecution(pipeline(stage("Prod", action("a"), action("b"))), tmp_path)
    for name, account in (("a", "333333333333"), ("b", "444444444444")):
        outputs = {"Url": f"http://{name}.example"}
        outcome = Outcome(deployed=Deployed("shop", AwsEnvironment(account, "eu-west-1"), outputs))
        execution.behaviours[name] = lambda _, outcome=outcome: outcome
    execution.run()
    composed = report.compose(execution.progress, commit="c0ffee", subject="Brew")
    assert {name: found["url"] for name, found in composed["environments"].items()} == {
        "Prod 333333333333/eu-west-1": "http://a.example",
        "Prod 444444444444/eu-west-1": "http://b.example",
    }
