"""Where the function of the metrics chooses one of several, it chooses the right one: each fixture has two."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lambdas.delivery_metrics.attempts import Attempt, attempts
from lambdas.delivery_metrics.environment_figures import EnvironmentFigures
from lambdas.delivery_metrics.figures import execution_figures
from lambdas.delivery_metrics.handler import figures
from lambdas.delivery_metrics.history import Action, Environment, Execution, History
from lambdas.delivery_metrics.incidents import Incident, Watched, read_incidents
from lambdas.delivery_metrics.outcomes import Outcome, failing_since, outcomes
from lambdas.delivery_metrics.phases import phases
from tests.unit.recorded_runs import moment

PROD = Environment(name="prod", stages={"Prod": ["us.Bake", "eu.Bake"], "Wave2": ["Bake"]}, entry=["ProdApproval"])
DEV = Environment(name="dev", stages={"Dev": ["Bake"]})


def ran(where: str, begin: float, end: float, status: str = "Succeeded") -> Action:
    """An action, `Stage/Action`, that ran between two minutes."""
    stage, name = where.split("/")
    return Action(
        id=f"{where}@{begin}",
        stage=stage,
        name=name,
        is_approval=name == "Approve",
        status=status,
        start=moment(begin),
        end=moment(end),
    )


def execution(name: str, begin: float, *actions: Action, status: str = "Succeeded", **rest: Any) -> Execution:
    found: Mapping[str, Any] = {"is_rollback": False, "target": "", "commit": name, "committed": None, **rest}
    return Execution(id=name, status=status, start=moment(begin), title=name, actions=actions, **found)


def released(name: str, begin: float, **rest: Any) -> Execution:
    """An execution that reaches dev after 10 minutes and prod after 20 and 30."""
    return execution(
        name,
        begin,
        ran("Dev/Bake", begin, begin + 10),
        ran("Prod/us.Bake", begin + 12, begin + 20),
        ran("Prod/eu.Bake", begin + 11, begin + 19),
        ran("Wave2/Bake", begin + 20, begin + 30),
        **rest,
    )


def test_attempt_reaches_from_its_first_action_to_its_last() -> None:
    actions = [ran("Prod/A", 1, 9, "Failed"), ran("Prod/B", 2, 5, "Failed"), ran("Prod/C", 3, 11), ran("Prod/D", 4, 6)]
    one = Attempt(actions)
    assert (one.id, one.start, one.end) == ("Prod/A@1", moment(1), moment(11))
    assert one.failed_at == moment(5)
    assert one.is_over
    assert not Attempt([*actions, ran("Prod/E", 4, 4, "InProgress")]).is_over
    assert not Attempt([ran("Prod/C", 3, 11), ran("Prod/D", 4, 6)]).is_over
    assert Attempt([]) not in list(attempts([]))


def test_repeated_action_begins_the_next_attempt() -> None:
    actions = [ran("Prod/A", 1, 2), ran("Prod/B", 3, 4, "Failed"), ran("Prod/B", 5, 6, "Failed"), ran("Prod/A", 7, 8)]
    found = [[action.id for action in one.actions] for one in attempts([*actions, ran("Prod/B", 9, 10)])]
    assert found == [["Prod/A@1", "Prod/B@3"], ["Prod/B@5", "Prod/A@7"], ["Prod/B@9"]]


def test_release_time_is_the_first_success_of_the_last_region() -> None:
    """A stage that somebody starts again may pass twice."""
    again = [ran("Prod/us.Bake", 40, 50), ran("Prod/eu.Bake", 40, 51), ran("Wave2/Bake", 40, 52)]
    one = released("a", 0)
    assert PROD.released_by(execution("a", 0, *one.actions, *again)) == moment(30)
    assert PROD.released_by(execution("a", 0, *reversed(one.actions))) == moment(30)
    assert PROD.released_by(execution("a", 0, *one.actions[:2], *one.actions[3:])) is None
    first_wave = [ran("Prod/us.Bake", 0, 7), ran("Prod/eu.Bake", 0, 8)]
    assert PROD.released_by(execution("r", 0, *first_wave, is_rollback=True)) == moment(8)


def test_execution_ends_with_the_last_of_its_actions() -> None:
    assert execution("a", 0, ran("Dev/A", 0, 9), ran("Dev/B", 1, 20), ran("Dev/C", 2, 5)).end == moment(20)


RUNNING: dict[str, tuple[Sequence[float], float]] = {
    "the last release to every environment": ([], 100),
    "a running execution before it": ([50], 50),
    "the first of two that run": ([50, 70], 50),
    "none after it": ([150], 100),
}


@pytest.mark.parametrize("which", RUNNING)
def test_figures_are_complete_until(which: str) -> None:
    running, expected = RUNNING[which]
    found = [released("a", 0), released("b", 100), execution("c", 120, ran("Dev/Bake", 120, 130), status="Failed")]
    found += [execution(f"running{begin}", begin, status="InProgress") for begin in running]
    history = History(executions=sorted(found, key=lambda one: one.start), incomplete=())
    assert history.settled_until([DEV, PROD]) == moment(expected)


def test_environment_fails_since_the_first_failure_after_its_last_success() -> None:
    story = [(1, False), (2, True), (3, False), (4, False), (5, True), (6, False)]
    found = [Outcome(time=moment(minute), is_good=good, execution_id="a") for minute, good in story]
    since = {minute: failing_since(found, moment(minute)) for minute in (1, 2, 3, 5, 6, 7)}
    assert since == {1: None, 2: moment(1), 3: None, 5: moment(3), 6: None, 7: moment(6)}


def test_rollback_undoes_the_change_that_was_deployed_last_before_it() -> None:
    rollback = execution(
        "r", 100, ran("Prod/us.Bake", 100, 110), ran("Prod/eu.Bake", 100, 110), is_rollback=True, target="a"
    )
    history = [released("a", 0), released("b", 50), rollback, released("c", 150)]
    undone = [one for one in outcomes(history, PROD) if one.because == "rolled back"]
    assert [(one.change_id, one.time) for one in undone] == [("b", moment(100))]


def test_change_that_had_failed_is_not_counted_again_when_it_is_rolled_back() -> None:
    """Another change had passed before, and a later one passes after."""
    bad = execution("b", 50, ran("Prod/us.Bake", 50, 60, "Failed"), ran("Prod/eu.Bake", 50, 55), status="Failed")
    rollback = execution(
        "r", 100, ran("Prod/us.Bake", 100, 110), ran("Prod/eu.Bake", 100, 110), is_rollback=True, target="a"
    )
    found = outcomes([released("a", 0), bad, rollback, released("c", 150)], PROD)
    assert [(one.execution_id, one.because) for one in found if not one.is_good] == [("b", "")]


def test_incident_fails_the_last_release_before_it() -> None:
    history = [released("a", 0), released("b", 50), released("c", 150)]
    incidents = [Incident(alarm="down", start=moment(90), end=moment(95))]
    failed = [one for one in outcomes(history, PROD, incidents) if not one.is_good]
    assert [(one.change_id, one.because) for one in failed] == [("b", "alarm down")]


def test_incident_begins_with_its_first_alarm_and_ends_with_its_last() -> None:
    story = [
        ("later", 2, "ALARM"),
        ("first", 1, "ALARM"),
        ("first", 3, "OK"),
        ("later", 4, "OK"),
        ("again", 5, "ALARM"),
    ]

    class Client:
        """STS, a session and CloudWatch."""

        def client(self, *_: object, **__: object) -> "Client":
            return self

        def assume_role(self, **_: object) -> dict[str, Any]:
            return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}

        def get_paginator(self, _: str) -> "Client":
            return self

        def paginate(self, *, AlarmName: str, **_: object) -> list[dict[str, Any]]:  # noqa: N803
            items = [(minute, state) for name, minute, state in story if name == AlarmName]
            data = [(minute, json.dumps({"newState": {"stateValue": state}})) for minute, state in items]
            return [
                {"AlarmHistoryItems": [{"Timestamp": moment(minute), "HistoryData": text}]} for minute, text in data
            ]

    watched = [
        Watched(role="us", region="us-east-1", alarms=["later", "first"]),
        Watched(role="eu", region="eu-west-1", alarms=["again"]),
    ]
    found = read_incidents(Client(), watched, now=moment(10))
    assert [(one.alarm, one.start, one.end) for one in found] == [
        ("first", moment(1), moment(4)),
        ("again", moment(5), None),
    ]


def values_of(found: Execution, name: str, *earlier: Execution) -> Mapping[str, float]:
    [figure] = [one for one in execution_figures([*earlier, found], found) if one.name == name]
    return figure.values


@pytest.mark.parametrize(
    ("where", "status", "values"),
    [
        ("Dev/Bake", "Failed", {"Duration": 60, "Failures": 1}),
        ("ProdApproval/Approve", "Failed", {"Duration": 60, "Rejections": 1}),
        ("Dev/Bake", "Succeeded", {"Duration": 60}),
        ("ProdApproval/Approve", "Succeeded", {"Duration": 60}),
        ("Dev/Bake", "Abandoned", {"Duration": 60}),
    ],
)
def test_action_counts_once(where: str, status: str, values: dict[str, float]) -> None:
    found = execution("a", 0, ran("Dev/A", 0, 9), ran(where, 1, 2, status), ran("Dev/Z", 3, 9), status="Failed")
    assert values_of(found, f"action/{where}@1") == values


def test_stage_waits_since_the_last_action_of_the_stage_before() -> None:
    actions = [ran("Build/A", 1, 9), ran("Build/B", 2, 5), ran("Dev/A", 12, 20), ran("Dev/B", 13, 15)]
    found = execution("a", 0, *actions)
    assert values_of(found, "queue/Build") == {"QueueTime": 60}
    assert values_of(found, "queue/Dev") == {"QueueTime": 180}


def test_feedback_is_the_first_failure_and_a_stop_the_first_abandoned_action() -> None:
    ends = [("A", 9, "Failed"), ("B", 5, "Failed"), ("C", 8, "Abandoned"), ("D", 6, "Abandoned"), ("E", 4, "Succeeded")]
    found = execution("a", 0, *(ran(f"Dev/{name}", 1, end, status) for name, end, status in ends), status="Stopped")
    assert values_of(found, "failure")["FeedbackTime"] == 5 * 60
    [stopped] = [one for one in execution_figures([found], found) if one.name == "stopped"]
    assert stopped.time == moment(6)


def test_pipeline_is_restored_since_the_first_failure_after_its_last_success() -> None:
    earlier = [
        execution("a", 0, ran("Dev/A", 0, 10, "Failed"), status="Failed"),
        execution("b", 20, ran("Dev/A", 20, 30)),
        execution("between", 32, ran("Dev/A", 32, 35, "Failed"), status="Failed"),
        execution("c", 40, ran("Dev/A", 40, 50)),
        execution("e", 80, ran("Dev/A", 80, 90, "Failed"), ran("Dev/B", 80, 95, "Failed"), status="Failed"),
        execution("d", 60, ran("Dev/A", 60, 70, "Failed"), status="Failed"),
    ]
    found = execution("f", 100, ran("Dev/A", 100, 110))
    assert values_of(found, "success", *earlier) == {"Successes": 1, "CycleTime": 60 * 60, "RestoreTime": 40 * 60}


def test_release_follows_the_last_release_before_it() -> None:
    history = [released("a", 0), released("b", 100), execution("c", 150, ran("Dev/Bake", 150, 160)), released("c", 200)]
    history.append(released("d", 300))
    of_prod = EnvironmentFigures(history, PROD, outcomes(history, PROD), way=[DEV, PROD])
    found = {one.name: one for one in of_prod.of(history[3])}
    assert found["release/prod"].values["CycleTime"] == 100 * 60
    # Its commit was first delivered by an execution that did not reach prod.
    assert found["lead-time/prod"].values == {"LeadTime": 80 * 60}
    assert found["lead-time/prod"].of_commit == "c"


def test_change_counts_when_it_first_reached_its_environment() -> None:
    """Its first attempt fails, its second passes, and then it is rolled back."""
    failed = [ran("Prod/us.Bake", 1, 5, "Failed"), ran("Prod/eu.Bake", 1, 4, "Failed")]
    change = execution("a", 0, *failed, *(ran(where, 10, 20) for where in ("Prod/us.Bake", "Prod/eu.Bake")))
    change = execution("a", 0, *change.actions, ran("Wave2/Bake", 20, 30))
    rollback = execution("r", 50, ran("Prod/us.Bake", 50, 60), is_rollback=True, target="before")
    history = [change, rollback]
    of_prod = EnvironmentFigures(history, PROD, outcomes(history, PROD), way=())
    found = {one.name: one for one in of_prod.of(change)}
    assert found["change/prod"].time == found["failed-change/prod"].time == moment(4)
    assert found["failed-change/prod"].details["because"] == "deployment failed"


def test_phases_end_with_the_release() -> None:
    one = released("a", 10, committed=moment(4))
    after = ran("Wave2/After", 40, 99)
    spent = phases(execution("a", 10, after, *one.actions, committed=moment(4)), [DEV, PROD], released=moment(40))
    assert spent == {"Before the run": 6 * 60, "Dev": 10 * 60, "Prod": 20 * 60}


def test_only_the_last_environment_has_incidents_and_phases() -> None:
    history = History(executions=[released("a", 0)], incomplete=[released("a", 0)])
    found = figures(history, [DEV, PROD], [Incident(alarm="down", start=moment(60), end=None)])
    assert [one.time for one in found] == sorted(one.time for one in found)
    assert {one.name for one in found if one.name.startswith("failed-change")} == {"failed-change/prod"}
    assert {name.rpartition("/")[2] for one in found if (name := one.name).startswith("phase-")} == {"prod"}


@pytest.mark.parametrize(("status", "result"), [("Failed", "failed"), ("Abandoned", "stopped"), ("InProgress", None)])
def test_stage_has_passed_when_all_its_regions_have(status: str, result: str | None) -> None:
    found = execution("a", 0, ran("Prod/us.Bake", 0, 5), ran("Prod/eu.Bake", 0, 9, status))
    of_prod = EnvironmentFigures([found], PROD, outcomes([found], PROD), way=())
    results = [one.details["result"] for one in of_prod.of(found) if one.name.startswith("running/")]
    assert results == ([result] if result else [])
