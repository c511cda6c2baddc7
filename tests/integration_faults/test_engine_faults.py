"""An engine gone wrong behind healthy answers, and the tests that notice it; nothing is ever left in it."""

import time
from typing import Any

import pytest

from integration_tests.credentials import read_engine_credentials
from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import MOST_AT_ONCE, engine_does_its_work, session_is_known_to_every_task
from integration_tests.http_client import FrontDoor
from integration_tests.secret_values import SecretValues
from tests.faulty_http_server import Behaviour, Server, answer, hang, reset, serve_application
from tests.integration_faults.fake_engine import CREDENTIALS, ORIGIN, State, ToyEngine, says
from tests.integration_faults.load_balancer_under_test import SECONDS, WELL_SECONDS, Spent, patience
from tests.integration_faults.matrix import Recorder

WORK = "test_the_engine_does_its_work"
ONE = "test_one_engine_is_behind_every_task"
LOGS = "https://console.example/logs"


def check_work(server: Server, *, credentials: Credentials = CREDENTIALS, seconds: float = SECONDS) -> None:
    engine = Engine(FrontDoor(server.url, headers=ORIGIN))
    engine_does_its_work(engine, credentials, patience=patience(seconds), look_further=LOGS)


def check_one(server: Server, *, targets: int, seconds: float = SECONDS) -> None:
    engine = Engine(FrontDoor(server.url, headers=ORIGIN))
    session_is_known_to_every_task(
        engine, CREDENTIALS, healthy_targets=lambda: targets, patience=patience(seconds), look_further=LOGS
    )


def check_twin(recorder: Recorder) -> None:
    """Check an engine that is well."""
    twin = ToyEngine()
    with serve_application(twin) as server:
        recorder.green(lambda: check_work(server, seconds=WELL_SECONDS))
    assert twin.is_clean()


def check_twin_of_many(recorder: Recorder) -> None:
    """Check an engine that is well behind three tasks."""
    twin = ToyEngine(tasks=3)
    with serve_application(twin) as server:
        recorder.green(lambda: check_one(server, targets=3, seconds=WELL_SECONDS))
    assert twin.is_clean()


def assert_nothing_shown(text: str, toy: ToyEngine, server: Server) -> None:
    handles = [request.partition("sessionHandle=")[2].partition("&")[0] for request in server.requests]
    secrets = [CREDENTIALS.password, CREDENTIALS.encoded_password, *ORIGIN.values(), *filter(None, handles)]
    assert [secret for secret in secrets if secret in text] == []
    assert all(state.sessions == set() for state in toy.states), "the session is closed"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        pytest.param(action, reason, id=action, marks=pytest.mark.fault(name, caught_by=WORK))
        for action, reason, name in [
            ("upload", "it does not fit the schema", "the engine refuses a specification, with status 200"),
            ("launchCase", "no such specification", "the engine launches no case, with status 200"),
            ("getWorkItemsWithIdentifier", "no repository", "the engine tells no work items, with status 200"),
            ("cancelCase", "duplicate key", "the engine cancels no case, with status 200"),
            ("unload", "it runs", "the engine unloads nothing, with status 200"),
        ]
    ],
)
def test_a_failure_with_status_200(refused: str, reason: str, recorder: Recorder) -> None:
    check_twin(recorder)
    toy = ToyEngine(refusing={refused: reason})
    with serve_application(toy) as server:
        text = recorder.red(lambda: check_work(server), naming=f"the engine answers: {reason}")
        assert_nothing_shown(text, toy, server)
    assert toy.is_clean()
    assert f"action={refused}" in text


@pytest.mark.parametrize(
    ("sick", "naming"),
    [
        pytest.param(
            {"launchCase": answer(500, b"<h1>Database persistence failure detected</h1>")},
            "launchCase failed",
            marks=pytest.mark.fault("the engine has lost its database", caught_by=WORK),
        ),
        pytest.param(
            {"upload": answer(200, b"<html>Welcome</html>")},
            "the body is not the engine's XML",
            marks=pytest.mark.fault("another page answers instead of the engine", caught_by=WORK),
        ),
        pytest.param(
            {"launchCase": reset()},
            "connection reset while waiting",
            marks=pytest.mark.fault("the answer to a launch is lost on its way", caught_by=WORK),
        ),
        pytest.param(
            {"getWorkItemsWithIdentifier": says("")},
            "the case has no work item of task Check",
            marks=pytest.mark.fault("a launched case has no work item", caught_by=WORK),
        ),
        pytest.param(
            {"upload": says('<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>')},
            "the body is not the engine's XML",
            marks=pytest.mark.fault("the engine's XML declares entities", caught_by=WORK),
        ),
        pytest.param(
            {"connect": answer(403)},
            "The engine does not let us in",
            marks=pytest.mark.fault("the load balancer does not know the secret header", caught_by=WORK),
        ),
        pytest.param(
            {"upload": hang()},
            "timed out while waiting for the answer's headers",
            marks=pytest.mark.fault("the engine hangs in the middle of its work", caught_by=WORK),
        ),
    ],
)
def test_a_sick_engine(sick: dict[str, Behaviour], naming: str, recorder: Recorder) -> None:
    check_twin(recorder)
    toy = ToyEngine(sick=sick)
    with serve_application(toy) as server:
        text = recorder.red(lambda: check_work(server), naming=naming)
        if "connect" not in sick:
            assert_nothing_shown(text, toy, server)
            assert toy.is_clean()


@pytest.mark.fault("the engine knows another password", caught_by=WORK)
def test_another_password(recorder: Recorder) -> None:
    check_twin(recorder)
    another = Credentials(username=CREDENTIALS.username, password="changed since")
    with serve_application(ToyEngine()) as server:
        text = recorder.red(lambda: check_work(server, credentials=another), naming="Incorrect Password")
    assert another.password not in text
    assert another.encoded_password not in text


@pytest.mark.fault("what cannot be removed stays in the engine", caught_by=WORK)
def test_what_is_left_is_said(recorder: Recorder) -> None:
    check_twin(recorder)
    toy = ToyEngine(sick={"launchCase": answer(500), "unload": says("<failure>locked</failure>")})
    toy.refusing = {"unload": "locked"}
    with serve_application(toy) as server:
        text = recorder.red(lambda: check_work(server), naming="launchCase failed")
    assert "left    specification UID_yawl-delivery-" in text


class Stub:
    """Secrets Manager, with one secret."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        return {"SecretString": self._text}


@pytest.mark.fault("the engine's credentials are of another shape", caught_by=WORK)
def test_credentials_of_another_shape(recorder: Recorder) -> None:
    def check(text: str) -> None:
        read_engine_credentials(Stub(text), arn="arn:x", region="x", secret_values=SecretValues(), patience=patience())

    recorder.green(lambda: check('{"username": "verifier", "password": "never shown"}'))
    text = recorder.red(lambda: check('{"user": "verifier", "password": "never shown"}'), naming="the secret is not")
    assert "never" not in text


@pytest.mark.fault("two engines are active", caught_by=ONE)
def test_two_engines(recorder: Recorder) -> None:
    check_twin_of_many(recorder)
    toy = ToyEngine(tasks=2, engines=2)
    with serve_application(toy) as server:
        text = recorder.red(lambda: check_one(server, targets=2), naming="more than one engine is active")
    assert "task task-2 does not know the session" in text


@pytest.mark.fault("a healthy target never gets a request", caught_by=ONE)
def test_a_task_that_is_never_reached(recorder: Recorder) -> None:
    check_twin_of_many(recorder)
    with serve_application(ToyEngine(tasks=2)) as server:
        recorder.red(lambda: check_one(server, targets=3), naming="2 of 3 healthy tasks have answered")


@pytest.mark.fault("tasks do not say their names", caught_by=ONE)
def test_tasks_without_names(recorder: Recorder) -> None:
    check_twin_of_many(recorder)
    with serve_application(ToyEngine(named=False)) as server:
        recorder.red(lambda: check_one(server, targets=1), naming="does not say which task it is from")


@pytest.mark.tolerated("the first connections to the engine are lost", by=WORK)
def test_lost_connections_at_first(recorder: Recorder) -> None:
    toy, first = ToyEngine(), iter([reset(), answer(503)])
    with serve_application(lambda request: next(first, None) or toy(request)) as server:
        recorder.green(lambda: check_work(server, seconds=WELL_SECONDS))


@pytest.mark.tolerated("many tasks answer by and by when the deadline has just passed", by=ONE)
def test_many_tasks_of_a_late_environment(recorder: Recorder) -> None:
    with serve_application(ToyEngine(tasks=MOST_AT_ONCE + 3)) as server:
        engine = Engine(FrontDoor(server.url, headers=ORIGIN))
        recorder.green(
            lambda: session_is_known_to_every_task(
                engine, CREDENTIALS, healthy_targets=lambda: MOST_AT_ONCE + 3, patience=Spent(), look_further=LOGS
            )
        )


@pytest.mark.tolerated("an earlier run was cut off and left its specification and case behind", by=WORK)
def test_leftovers(recorder: Recorder) -> None:
    an_hour_ago, now = int(time.time()) - 3700, int(time.time())
    old, young = f"UID_yawl-delivery-{an_hour_ago:08x}00000000", f"UID_yawl-delivery-{now:08x}00000000"
    toy = ToyEngine(tasks=1)
    toy.states = [State(specifications={old: "0.1", young: "0.1", "UID_of-others": "1.0"}, cases={"9": old})]
    with serve_application(toy) as server:
        recorder.green(lambda: check_work(server, seconds=WELL_SECONDS))
    assert set(toy.states[0].specifications) == {young, "UID_of-others"}, "only what nobody can need any more"
    assert toy.states[0].cases == {}
