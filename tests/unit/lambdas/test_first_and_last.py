"""Where the functions choose one of several, they choose the right one: each fixture has two that look right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.delivery_events.clients import Accounts
from lambdas.delivery_events.execution import Action, Commit, DeployedStack, Execution
from lambdas.delivery_events.failure import reason
from lambdas.delivery_events.history import continues_a_delivery, rollback_target, undone_execution
from lambdas.delivery_events.notify import publish_notice
from lambdas.delivery_events.outcome import Stages, after_stop, named
from lambdas.delivery_events.record import write_record
from tests.unit.recorded_delivery import (
    NOON,
    PIPELINE,
    VARIABLES,
    Recording,
    begun,
    deployed,
    failed,
    reviewed,
    waiting,
)

STAGES = Stages(
    environments={"Dev": "dev", "Staging": "staging", "Prod": "prod", "Prod-eu": "prod in eu", "Prod-us": "prod in us"},
    deployments=["Dev", "Staging", "Prod", "Prod-eu", "Prod-us"],
)


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def ran(where: str, begin: float, end: float, status: str = "Succeeded", **rest: Any) -> Action:
    """An action, `Stage/Action`, that ran between two minutes."""
    stage, name = where.split("/")
    kind: Mapping[str, Any] = {"category": "Build", "provider": "CodeBuild", "region": "us-east-1", **rest}
    return Action(stage=stage, name=name, status=status, started=at(begin), ended=at(end), **kind)


def execution(*actions: Action, **rest: Any) -> Execution:
    found: Mapping[str, Any] = {
        "pipeline": PIPELINE,
        "id": "one",
        "kind": "STANDARD",
        "commit": Commit(id="c1"),
        **rest,
    }
    return Execution(actions=actions, **found)


FAILURES: dict[str, tuple[Sequence[Action], str]] = {
    "the first of three side by side": (
        [ran("Prod/A", 0, 30, "Failed"), ran("Prod/B", 0, 20, "Failed"), ran("Prod/C", 0, 40, "Failed")],
        "B",
    ),
    "of the last attempt, though another failed before": (
        [ran("Prod/A", 0, 5, "Failed"), ran("Prod/B", 0, 6), ran("Prod/C", 10, 15, "Failed"), ran("Prod/D", 10, 14)],
        "C",
    ),
    "of this stage, though others failed before and after": (
        [ran("Dev/A", 0, 5, "Failed"), ran("Prod/B", 0, 7, "Failed"), ran("Prod-eu/C", 0, 9, "Failed")],
        "B",
    ),
    "one that has an end, before one that has none": (
        [replace(ran("Prod/A", 0, 1, "Failed"), ended=None), ran("Prod/B", 0, 20, "Failed")],
        "B",
    ),
}


@pytest.mark.parametrize("which", FAILURES)
def test_failed_action_is_the_first_of_its_attempt(which: str) -> None:
    actions, expected = FAILURES[which]
    for order in (actions, actions[::-1]) if "attempt" not in which else (actions,):
        found = execution(*order).failure("Prod")
        assert found is not None
        assert found.name == expected


def test_execution_began_with_its_earliest_action() -> None:
    actions = [ran("Build/A", 5, 9), ran("Build/B", 3, 9), ran("Build/C", 7, 9)]
    assert execution(*actions, replace(actions[0], started=None)).began == at(3)


@dataclass(frozen=True)
class Listed:
    """A client of CodePipeline whose lists have one item on each page, newest first."""

    items: Sequence[Mapping[str, Any]]

    def get_paginator(self, operation: str) -> "Listed":
        assert operation in ("list_pipeline_executions", "list_action_executions")
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"pipelineExecutionSummaries": [one], "actionExecutionDetails": [one]} for one in self.items]


def summary(name: str, minute: float, status: str, commit: str = "c1", kind: str = "STANDARD") -> dict[str, Any]:
    return {
        "pipelineExecutionId": name,
        "startTime": at(minute),
        "status": status,
        "executionType": kind,
        "sourceRevisions": [{"revisionId": "another source's"}, {"revisionId": commit}],
    }


EARLIER: dict[str, tuple[Sequence[Mapping[str, Any]], bool]] = {
    "the newest of the commit is unfinished": (
        [summary("b", -1, "InProgress"), summary("a", -2, "Succeeded")],
        True,
    ),
    "the newest of the commit has ended": ([summary("b", -1, "Succeeded"), summary("a", -2, "Cancelled")], False),
    "only one of another commit is unfinished": (
        [summary("b", -1, "InProgress", "c0"), summary("a", -2, "Succeeded")],
        False,
    ),
    "only itself and a later one are unfinished": (
        [summary("c", 9, "InProgress"), summary("one", 0, "InProgress"), summary("a", -2, "Failed")],
        False,
    ),
    "a rollback does not count": (
        [summary("b", -1, "InProgress", kind="ROLLBACK"), summary("a", -2, "Superseded")],
        True,
    ),
}


@pytest.mark.parametrize("which", EARLIER)
def test_delivery_is_continued_from_the_newest_execution_of_its_commit(which: str) -> None:
    items, expected = EARLIER[which]
    assert continues_a_delivery(Listed(items), execution(ran("Source/Source", 0, 1))) is expected


def delivered_twice() -> Recording:
    """Prod has received two releases, a third one fails there; staging has received that too."""
    it = Recording()
    for number in ("one", "two", "three"):
        begun(it, number, CommitId=f"{number}-commit", CommitMessage=number)
        deployed(it, "Dev", number)
        if number != "three":
            deployed(it, "Prod", number)
    failed(it, "Prod/Deploy", "three")
    return it


def test_stage_rolls_back_to_the_newest_of_its_successes() -> None:
    it = delivered_twice()
    third = execution(*(ran("Source/Source", 1000, 1001),), id="three")
    target = rollback_target(it, third, "Prod")
    assert target is not None
    assert target.id == "two-commit"


def test_rollback_undoes_what_ran_last_in_its_stage_before_it() -> None:
    def detail(name: str, stage: str, minute: float) -> dict[str, Any]:
        return {"pipelineExecutionId": name, "stageName": stage, "startTime": at(minute)}

    details = [detail("later", "Prod", 9), detail("one", "Prod", 0), detail("c", "Dev", -1), detail("b", "Prod", -2)]
    rollback = execution(ran("Prod/Deploy", 0, 1), kind="ROLLBACK")
    assert undone_execution(Listed([*details, detail("a", "Prod", -3)]), rollback, "Prod") == "b"


APPROVERS = {"dev": "ada", "staging": "grace", "prod": "barbara"}


@pytest.mark.parametrize("environment", APPROVERS)
def test_record_names_the_approver_of_its_environment(environment: str) -> None:
    """Every environment has an approval, and prod's was rejected by somebody else before."""
    it = Recording()
    begun(it)
    for name, approver in APPROVERS.items():
        stage = name.capitalize()
        for who, state in [("mallory", "FAILED"), (approver, "SUCCEEDED")]:
            it.action("one", f"{stage}Approval/Approve", "STARTED")
            it.action("one", f"{stage}Approval/Approve", state, updated_by=f"arn:{who}", summary=f"{name}: {who}")
    for name in APPROVERS:
        deployed(it, name.capitalize())
    stages = {name.capitalize(): name for name in APPROVERS}
    detail = {"pipeline": PIPELINE, "execution-id": "one", "stage": environment.capitalize()}
    event = {"time": it.events[-1]["time"], "detail": detail}
    record = json.loads(it.objects[write_record(event, it, {**VARIABLES, "ENVIRONMENTS": json.dumps(stages)})])
    assert record["approver"] == f"arn:{APPROVERS[environment]}"
    assert record["approval_comment"] == f"{environment}: {APPROVERS[environment]}"
    assert record["tests"] == [f"{environment}: 24 passed in 12.3 s, p99 31 ms"]
    assert record["began"] == str(at(2))


STACK_EVENTS = [
    # Newest first. The rollback of the stack and another resource that begins end nothing.
    ("yawl-prod-application", "UPDATE_ROLLBACK_IN_PROGRESS", "", 8.5),
    ("Second", "CREATE_FAILED", "it came later", 8),
    ("Second", "CREATE_IN_PROGRESS", "", 7.5),
    ("Third", "CREATE_FAILED", "Resource creation cancelled", 7),
    ("First", "UPDATE_FAILED", "it came first", 6),
    ("yawl-prod-application", "UPDATE_IN_PROGRESS", "", 5),
    ("Old", "UPDATE_FAILED", "of an earlier operation", 4),
    ("yawl-prod-application", "CREATE_IN_PROGRESS", "", 3),
]


@pytest.mark.parametrize("begin", [5, 5.5], ids=["of the action", "that began before the action"])
def test_stack_failed_because_of_the_first_resource_of_its_last_operation(begin: float) -> None:
    names = ("LogicalResourceId", "ResourceStatus", "ResourceStatusReason")
    it = Recording(
        stack_events=tuple({**dict(zip(names, texts, strict=True)), "Timestamp": at(m)} for *texts, m in STACK_EVENTS)
    )
    configuration = {"StackName": "yawl-prod-application", "RoleArn": "arn:aws:iam::444444444444:role/cdk"}
    kind = {"category": "Deploy", "provider": "CloudFormation", "configuration": configuration}
    found = reason(ran("Prod/Deploy", begin, 9, "Failed", **kind), it)
    assert (found.lines, found.is_creation) == (("First: it came first",), False)


def test_build_that_cannot_start_reports_the_first_message_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Recording()

    def builds(ids: list[str]) -> dict[str, Any]:
        contexts = [
            {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1"},
            {"statusCode": "CLIENT_ERROR", "message": ""},
            {"statusCode": "CLIENT_ERROR", "message": "no such image"},
        ]
        phases = [{"contexts": contexts}, {"contexts": [{"statusCode": "LATER", "message": "it came later"}]}]
        return {"builds": [{"id": ids[0], "logs": {}, "phases": phases}]}

    monkeypatch.setattr(it, "batch_get_builds", builds)
    assert reason(ran("Prod/Bake", 0, 1, "Failed", external_id="1"), it).lines == ("no such image",)


@pytest.mark.parametrize("environments", [["prod", "prod-eu-west-1"], ["prod-eu-west-1", "prod"]])
def test_stack_of_a_further_region_is_read_with_that_regions_role(environments: list[str]) -> None:
    role = "arn:aws:iam::{account}:role/yawl-{environment}-delivery-reader"
    accounts = Accounts({"READABLE_ENVIRONMENTS": json.dumps(environments), "READER_ROLE": role})
    for stack, name in [("yawl-prod-eu-west-1-network", "prod-eu-west-1"), ("yawl-prod-network", "prod")]:
        deployed = DeployedStack(name=stack, account="4", region="eu-west-1")
        assert accounts.role(deployed) == f"arn:aws:iam::4:role/yawl-{name}-delivery-reader"


def test_stages_before_and_after_one() -> None:
    after = ["staging", "prod", "prod in eu", "prod in us", ""]
    assert [STAGES.next_deployment(stage) for stage in STAGES.deployments] == after
    before = {stage: waves for stage in STAGES.deployments if (waves := STAGES.earlier_waves(stage))}
    assert before == {"Prod-eu": ["prod"], "Prod-us": ["prod", "prod in eu"]}


def test_execution_was_stopped_in_the_stage_of_its_last_action() -> None:
    stage, outcome = after_stop(STAGES, execution(ran("Dev/Deploy", 0, 1), ran("Prod/Deploy", 2, 3)))
    assert (stage, outcome.state.partition(" ")[0]) == ("Prod", "prod")


@pytest.mark.parametrize(("title", "shown"), [("", "0123456789ab"), ("Keep cases", "0123456789ab “Keep cases”")])
def test_commit_is_named_by_twelve_digits(title: str, shown: str) -> None:
    assert named(Commit(id="0123456789abcdef", title=title)) == shown


def test_approval_quotes_the_review_of_its_own_environment_and_the_tests_of_the_others() -> None:
    it = Recording()
    begun(it)
    reviewed(it, "Dev")
    deployed(it, "Dev")
    reviewed(it, "Prod")
    waiting(it)
    publish_notice(it.events[-1], it, VARIABLES)
    mail = json.loads(it.published[-1]["Message"])["email"]
    reviews = {address for address in ("https://review/dev", "https://review/prod") if address in mail}
    assert reviews == {"https://review/prod"}
    assert "Changes: prod: resources 3 changed" in mail
    assert "Changes: dev: " not in mail
    assert "Tests: dev: 24 passed" in mail
