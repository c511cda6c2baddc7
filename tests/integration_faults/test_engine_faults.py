"""Faults of an engine whose health path is healthy, and the tests that detect them and leave nothing behind."""

import time
from typing import Any

import pytest

from integration_tests.credentials import read_engine_credentials
from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import MOST_AT_ONCE, engine_runs_a_process, every_task_knows_the_session
from integration_tests.http_client import HttpClient
from integration_tests.secret_values import SecretValues
from tests.faulty_http_server import Behaviour, Server, hang, reset, respond, serve_application
from tests.integration_faults.fake_engine import CREDENTIALS, ORIGIN, FakeEngine, State, says
from tests.integration_faults.load_balancer_under_test import (
    HEALTHY_DEADLINE_SECONDS,
    SECONDS,
    ExpiredDeadline,
    deadline,
)
from tests.integration_faults.matrix import Recorder

WORK = "test_engine_runs_a_process"
ONE = "test_only_one_engine_is_active"
LOGS = "https://console.example/logs"


def check_work(server: Server, *, credentials: Credentials = CREDENTIALS, seconds: float = SECONDS) -> None:
    engine = Engine(HttpClient(server.url, headers=ORIGIN))
    engine_runs_a_process(engine, credentials, deadline=deadline(seconds), next_steps=LOGS)


def check_one(server: Server, *, targets: int, seconds: float = SECONDS) -> None:
    engine = Engine(HttpClient(server.url, headers=ORIGIN))
    every_task_knows_the_session(
        engine, CREDENTIALS, healthy_targets=lambda: targets, deadline=deadline(seconds), next_steps=LOGS
    )


def check_without_fault(recorder: Recorder) -> None:
    """Assert that a healthy engine passes."""
    fake = FakeEngine()
    with serve_application(fake) as server:
        recorder.green(lambda: check_work(server, seconds=HEALTHY_DEADLINE_SECONDS))
    assert fake.is_clean()


def check_many_tasks_without_fault(recorder: Recorder) -> None:
    """Assert that a healthy engine behind three tasks passes."""
    fake = FakeEngine(tasks=3)
    with serve_application(fake) as server:
        recorder.green(lambda: check_one(server, targets=3, seconds=HEALTHY_DEADLINE_SECONDS))
    assert fake.is_clean()


def assert_nothing_shown(text: str, fake: FakeEngine, server: Server) -> None:
    handles = [request.partition("sessionHandle=")[2].partition("&")[0] for request in server.requests]
    secrets = [CREDENTIALS.password, CREDENTIALS.encoded_password, *ORIGIN.values(), *filter(None, handles)]
    assert [secret for secret in secrets if secret in text] == []
    assert all(state.sessions == set() for state in fake.states), "the session is closed"


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
def test_failure_with_status_200(refused: str, reason: str, recorder: Recorder) -> None:
    check_without_fault(recorder)
    fake = FakeEngine(refusing={refused: reason})
    with serve_application(fake) as server:
        text = recorder.red(lambda: check_work(server), message=f"the engine reports: {reason}")
        assert_nothing_shown(text, fake, server)
    assert fake.is_clean()
    assert f"action={refused}" in text


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        pytest.param(
            {"launchCase": respond(500, b"<h1>Database persistence failure detected</h1>")},
            "launchCase failed",
            marks=pytest.mark.fault("the engine has lost its database", caught_by=WORK),
        ),
        pytest.param(
            {"upload": respond(200, b"<html>Welcome</html>")},
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
            {"connect": respond(403)},
            "Cannot sign in to the engine",
            marks=pytest.mark.fault("the load balancer does not know the secret header", caught_by=WORK),
        ),
        pytest.param(
            {"upload": hang()},
            "timed out while waiting for the response headers",
            marks=pytest.mark.fault("the engine hangs in the middle of its work", caught_by=WORK),
        ),
    ],
)
def test_engine_fault(faulty: dict[str, Behaviour], message: str, recorder: Recorder) -> None:
    check_without_fault(recorder)
    fake = FakeEngine(faulty=faulty)
    with serve_application(fake) as server:
        text = recorder.red(lambda: check_work(server), message=message)
        if "connect" not in faulty:
            assert_nothing_shown(text, fake, server)
            assert fake.is_clean()


@pytest.mark.fault("the engine knows another password", caught_by=WORK)
def test_another_password(recorder: Recorder) -> None:
    check_without_fault(recorder)
    another = Credentials(username=CREDENTIALS.username, password="changed since")
    with serve_application(FakeEngine()) as server:
        text = recorder.red(lambda: check_work(server, credentials=another), message="Incorrect Password")
    assert another.password not in text
    assert another.encoded_password not in text


@pytest.mark.fault("what cannot be removed stays in the engine", caught_by=WORK)
def test_leftovers_are_reported(recorder: Recorder) -> None:
    check_without_fault(recorder)
    fake = FakeEngine(faulty={"launchCase": respond(500), "unload": says("<failure>locked</failure>")})
    fake.refusing = {"unload": "locked"}
    with serve_application(fake) as server:
        text = recorder.red(lambda: check_work(server), message="launchCase failed")
    assert "left    specification UID_yawl-delivery-" in text


class Stub:
    """A fake Secrets Manager with one secret."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        return {"SecretString": self._text}


@pytest.mark.fault("the engine's credentials are of another shape", caught_by=WORK)
def test_malformed_credentials(recorder: Recorder) -> None:
    def check(text: str) -> None:
        read_engine_credentials(Stub(text), arn="arn:x", region="x", secret_values=SecretValues(), deadline=deadline())

    recorder.green(lambda: check('{"username": "tester", "password": "never shown"}'))
    text = recorder.red(lambda: check('{"user": "tester", "password": "never shown"}'), message="the secret is not")
    assert "never" not in text


@pytest.mark.fault("two engines are active", caught_by=ONE)
def test_two_engines(recorder: Recorder) -> None:
    check_many_tasks_without_fault(recorder)
    fake = FakeEngine(tasks=2, engines=2)
    with serve_application(fake) as server:
        text = recorder.red(lambda: check_one(server, targets=2), message="more than one engine is active")
    assert "task task-2 does not know the session" in text


@pytest.mark.fault("a healthy target never gets a request", caught_by=ONE)
def test_task_that_is_never_reached(recorder: Recorder) -> None:
    check_many_tasks_without_fault(recorder)
    with serve_application(FakeEngine(tasks=2)) as server:
        recorder.red(lambda: check_one(server, targets=3), message="2 of 3 healthy tasks have answered")


@pytest.mark.fault("tasks do not say their names", caught_by=ONE)
def test_tasks_without_names(recorder: Recorder) -> None:
    check_many_tasks_without_fault(recorder)
    with serve_application(FakeEngine(named=False)) as server:
        recorder.red(lambda: check_one(server, targets=1), message="does not name its task")


@pytest.mark.tolerated("the first connections to the engine are lost", by=WORK)
def test_lost_connections_at_start(recorder: Recorder) -> None:
    fake, first = FakeEngine(), iter([reset(), respond(503)])
    with serve_application(lambda request: next(first, None) or fake(request)) as server:
        recorder.green(lambda: check_work(server, seconds=HEALTHY_DEADLINE_SECONDS))


@pytest.mark.tolerated("many tasks answer by and by when the deadline has just passed", by=ONE)
def test_many_tasks_of_a_slow_environment(recorder: Recorder) -> None:
    with serve_application(FakeEngine(tasks=MOST_AT_ONCE + 3)) as server:
        engine = Engine(HttpClient(server.url, headers=ORIGIN))
        recorder.green(
            lambda: every_task_knows_the_session(
                engine,
                CREDENTIALS,
                healthy_targets=lambda: MOST_AT_ONCE + 3,
                deadline=ExpiredDeadline(),
                next_steps=LOGS,
            )
        )


@pytest.mark.tolerated("an earlier run was cut off and left its specification and case behind", by=WORK)
def test_cleanup_of_leftovers(recorder: Recorder) -> None:
    an_hour_ago, now = int(time.time()) - 3700, int(time.time())
    old, young = f"UID_yawl-delivery-{an_hour_ago:08x}00000000", f"UID_yawl-delivery-{now:08x}00000000"
    fake = FakeEngine(tasks=1)
    fake.states = [State(specifications={old: "0.1", young: "0.1", "UID_of-others": "1.0"}, cases={"9": old})]
    with serve_application(fake) as server:
        recorder.green(lambda: check_work(server, seconds=HEALTHY_DEADLINE_SECONDS))
    assert set(fake.states[0].specifications) == {young, "UID_of-others"}, "only what nobody can need any more"
    assert fake.states[0].cases == {}
