"""The checks of the engine and of the distribution against fakes without sockets: each fault, and what it leaves."""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from integration_tests import distribution_checks as checks
from integration_tests.engine import DESIGN, Engine
from integration_tests.engine_checks import (
    MOST_AT_ONCE,
    engine_runs_a_process,
    every_task_knows_the_session,
)
from integration_tests.failure import CheckFailed
from integration_tests.waiting import Deadline
from tests.faulty_http_server import Application, Behaviour, Request, hang, healthy, reset, respond
from tests.integration_faults.fake_distribution import HARDENED, HEALTH, MISS, STATIC, FakeDistribution
from tests.integration_faults.fake_engine import CREDENTIALS, ORIGIN, FakeEngine, State, says
from tests.unit.integration_tests.in_memory_client import URL, InMemoryClient, fake_deadline, without_pauses

LOGS = "https://console.example/logs"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


def run_process(fake: Application) -> InMemoryClient:
    client = InMemoryClient(fake, headers=ORIGIN)
    engine_runs_a_process(Engine(client), CREDENTIALS, deadline=fake_deadline(), next_steps=LOGS)
    return client


def ask_every_task(fake: Application, *, targets: int | Callable[[], int]) -> InMemoryClient:
    client = InMemoryClient(fake, headers=ORIGIN)
    every_task_knows_the_session(
        Engine(client),
        CREDENTIALS,
        healthy_targets=targets if callable(targets) else lambda: targets,
        deadline=fake_deadline(),
        next_steps=LOGS,
    )
    return client


def failure_of(check: Callable[[], object]) -> str:
    with pytest.raises(CheckFailed) as failure:
        check()
    text = str(failure.value)
    assert CREDENTIALS.password not in text
    assert CREDENTIALS.encoded_password not in text
    return text


def test_process_runs_and_leaves_nothing() -> None:
    fake = FakeEngine(tasks=1)
    client = run_process(fake)
    assert fake.is_clean()
    actions = [asked.form["action"] for asked in client.asked]
    assert actions == [
        "connect",
        "getSpecificationPrototypesList",
        "upload",
        "launchCase",
        "getWorkItemsWithIdentifier",
        "cancelCase",
        "unload",
        "disconnect",
    ]
    assert {asked.method for asked in client.asked} == {"POST"}
    assert [asked.path for asked in client.asked[:3]] == ["/yawl/ia", "/yawl/ib", "/yawl/ia"]
    assert client.asked[4].form["idType"] == "case"


@pytest.mark.parametrize("action", ["upload", "launchCase", "cancelCase", "unload"])
def test_refused_step_is_named_and_cleaned_up(action: str) -> None:
    fake = FakeEngine(tasks=1, refusing={action: "of a reason"})
    text = failure_of(lambda: run_process(fake))
    assert text.startswith(f"The engine cannot run a process: {action} failed.")
    assert "got     the engine reports: of a reason" in text
    assert f"action={action}, once" in text
    assert "steps before: connect" in text
    assert "wanted  200, <response> without <failure>" in text
    assert f"next    {LOGS}" in text
    assert fake.is_clean()


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        ({"launchCase": respond(500)}, "500 Internal Server Error"),
        ({"upload": respond(200, b"<html>Welcome</html>")}, "the body is not the engine's XML"),
        ({"upload": respond(200, b"<response>")}, "the body is not the engine's XML"),
        ({"upload": says('<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>')}, "the body is not the engine's XML"),
        ({"launchCase": reset()}, "connection reset"),
        ({"upload": hang()}, "timed out while waiting"),
        ({"upload": respond(200, b"<response><failure/></response>")}, "failure without a reason"),
    ],
)
def test_faulty_step(faulty: dict[str, Behaviour], message: str) -> None:
    fake = FakeEngine(tasks=1, faulty=faulty)
    assert message in failure_of(lambda: run_process(fake))
    assert fake.is_clean()


def test_missing_work_item() -> None:
    fake = FakeEngine(
        tasks=1, faulty={"getWorkItemsWithIdentifier": says("<workItem><taskid>Other</taskid></workItem>")}
    )
    text = failure_of(lambda: run_process(fake))
    assert text.startswith("The engine launched case 1, but its work item does not appear.")
    assert "x the case has no work item of task Check" in text
    assert fake.is_clean()


def test_refused_work_items_are_not_asked_for_again() -> None:
    fake = FakeEngine(tasks=1, refusing={"getWorkItemsWithIdentifier": "no repository"})
    text = failure_of(lambda: run_process(fake))
    assert "1 x the engine reports: no repository" in text
    assert "of case 1, once" in text


def test_what_stays_is_named() -> None:
    def stuck(fake: FakeEngine) -> Application:
        def application(request: Any) -> Behaviour:
            if request.form.get("action") in ("cancelCase", "unload"):
                return says("<failure>locked</failure>")
            return fake(request)

        return application

    text = failure_of(lambda: run_process(stuck(FakeEngine(tasks=1))))
    last = text.splitlines()[-1]
    assert last.startswith("  left    specification UID_yawl-delivery-")
    assert last.endswith("; case 1; the engine reports: locked; the next run of these tests after an hour removes it")


def test_what_may_stay_is_named_if_the_engine_is_gone() -> None:
    fake = FakeEngine(tasks=1)

    def application(request: Any) -> Behaviour:
        return reset() if request.form.get("action") in ("launchCase", "getAllRunningCases") else fake(request)

    last = failure_of(lambda: run_process(application)).splitlines()[-1]
    assert last.startswith("  left    perhaps specification UID_yawl-delivery-")
    assert "connection reset" in last


def test_lost_answer_to_unload_leaves_nothing_to_name() -> None:
    fake = FakeEngine(tasks=1, faulty={"unload": respond(502)})
    text = failure_of(lambda: run_process(fake))
    assert "unload failed" in text
    assert "  left " not in text


def test_leftovers_of_aborted_runs_are_removed() -> None:
    old, young = (f"UID_yawl-delivery-{int(time.time()) - age:08x}00000000" for age in (3700, 3500))
    fake = FakeEngine(tasks=1)
    fake.states = [State(specifications={old: "0.1", young: "0.1", "UID_other": "1.0"}, cases={"9": old, "10": young})]
    run_process(fake)
    assert set(fake.states[0].specifications) == {young, "UID_other"}
    assert fake.states[0].cases == {"10": young}


@pytest.mark.parametrize(
    ("connect", "fault"),
    [
        (respond(403), "403 Forbidden"),
        (says(""), "the engine returned no session handle"),
        (says("<failure>Incorrect Password</failure>"), "the engine reports: Incorrect Password"),
    ],
)
def test_sign_in_is_retried_until_the_deadline(connect: Behaviour, fault: str) -> None:
    fake = FakeEngine(faulty={"connect": connect})
    text = failure_of(lambda: run_process(fake))
    assert text.startswith("Cannot sign in to the engine.")
    assert f" x {fault}" in text
    assert f"POST {URL}{DESIGN} action=connect as {CREDENTIALS.username}, " in text
    assert "times in" in text
    assert "the running tasks may have been started with older credentials" in text
    answers, fake = iter([reset(), respond(503)]), FakeEngine(tasks=1)
    run_process(lambda request: next(answers, None) or fake(request))


def test_session_is_closed_even_if_the_check_is_interrupted() -> None:
    fake = FakeEngine(tasks=1)

    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_every_task(fake, targets=interrupted)
    assert fake.is_clean()


def test_failing_disconnect_fails_the_check() -> None:
    fake = FakeEngine(tasks=1, refusing={"disconnect": "of a reason"})
    assert "disconnect failed" in failure_of(lambda: ask_every_task(fake, targets=1))


def test_every_task_is_asked() -> None:
    fake = FakeEngine(tasks=3)
    client = ask_every_task(fake, targets=3)
    assert [asked.form["action"] for asked in client.asked] == ["connect", *["checkConnection"] * 6, "disconnect"]
    assert fake.is_clean()
    client = ask_every_task(FakeEngine(tasks=1), targets=0)
    assert len(client.asked) == 2 + 2
    client = ask_every_task(FakeEngine(tasks=MOST_AT_ONCE + 3), targets=MOST_AT_ONCE + 3)
    assert len(client.asked) == 2 + 2 * MOST_AT_ONCE


def test_two_engines_are_noticed_at_once() -> None:
    fake = FakeEngine(tasks=2, engines=2)
    text = failure_of(lambda: ask_every_task(fake, targets=2))
    assert text.startswith("Two tasks do not share a session: more than one engine is active.")
    assert "1 x task task-2 does not know the session: the engine reports: Invalid or expired session." in text
    assert "opened through task-1, once" in text
    assert "next    stop all tasks of the service but one, before they corrupt the database" in text
    assert "seen: " not in text


@pytest.mark.parametrize(
    ("fake", "targets", "fault"),
    [
        (FakeEngine(tasks=2), 3, "only 2 of 3 healthy tasks have answered"),
        (FakeEngine(named=False), 1, "a response does not name its task (X-Yawl-Task)"),
        (FakeEngine(tasks=1, faulty={"checkConnection": respond(502)}), 1, "502 Bad Gateway"),
    ],
)
def test_task_that_is_not_reached(fake: FakeEngine, targets: int, fault: str) -> None:
    text = failure_of(lambda: ask_every_task(fake, targets=targets))
    assert text.startswith("Not every task could be reached with the session.")
    assert f" x {fault}" in text
    assert "stop all tasks" not in text
    assert "wanted  <success/> from every healthy target" in text


Check: TypeAlias = Callable[[InMemoryClient, Deadline], None]


def has_headers(client: InMemoryClient, deadline: Deadline) -> None:
    checks.has_security_headers(client, path=HEALTH, deadline=deadline)


def is_closed(client: InMemoryClient, deadline: Deadline) -> None:
    checks.engine_api_is_closed(client, unguessable="0a1b", deadline=deadline)


def is_not_cached(client: InMemoryClient, deadline: Deadline) -> None:
    checks.dynamic_responses_are_not_cached(client, path=HEALTH, deadline=deadline)


def is_cached(client: InMemoryClient, deadline: Deadline) -> None:
    checks.static_content_is_cached(client, path=STATIC, deadline=deadline)


def redirects(client: InMemoryClient, deadline: Deadline) -> None:
    checks.redirects_to_https(client, path=HEALTH, deadline=deadline)


def is_private(client: InMemoryClient, deadline: Deadline) -> None:
    checks.bucket_denies_reads(client, path=STATIC, deadline=deadline)


def well(**more: str) -> FakeDistribution:
    headers = HARDENED | MISS | {name.replace("_", "-"): value for name, value in more.items()}
    return FakeDistribution(faulty={HEALTH: healthy(headers=headers)})


def only(behaviour: Behaviour) -> Application:
    return lambda _: behaviour


def moved(status: int, location: str) -> Application:
    return only(respond(status, location=location))


def refusing_get(request: Request) -> Behaviour:
    return respond(405 if request.method == "POST" else 403)


OWN = f"{URL}{HEALTH}"


@pytest.mark.parametrize(
    ("check", "edge"),
    [
        *[(check, FakeDistribution()) for check in (has_headers, is_closed, is_not_cached, is_cached)],
        *[(redirects, moved(status, OWN)) for status in (301, 302, 307, 308)],
        (is_private, only(respond(403))),
        (is_not_cached, well(Age="0")),
        (is_cached, FakeDistribution(misses=3)),
        (has_headers, well(X_Frame_Options="deny", Referrer_Policy="No-Referrer", X_Content_Type_Options="NoSniff")),
        (has_headers, well(Strict_Transport_Security=f"max-age={180 * 24 * 3600}")),
    ],
)
def test_distribution_as_wanted(check: Check, edge: Application) -> None:
    client = InMemoryClient(edge)
    check(client, fake_deadline())
    lost = iter([reset(), reset()])
    check(InMemoryClient(lambda request: next(lost, None) or edge(request)), fake_deadline())
    if check == is_not_cached:
        assert len(client.asked) == 2


@pytest.mark.parametrize(
    ("check", "edge", "title", "fault"),
    [
        (redirects, only(respond(200)), "does not redirect HTTP to HTTPS", "200 OK instead of a redirect"),
        (redirects, moved(303, OWN), "does not redirect", "303 See Other instead of a redirect"),
        (redirects, moved(301, f"http://yawl.example{HEALTH}"), "does not redirect", "a redirect to http://yawl.ex"),
        (redirects, moved(301, f"https://other.example{HEALTH}"), "does not redirect", "a redirect to https://other"),
        (redirects, moved(301, f"{URL}/"), "does not redirect", f"a redirect to {URL}/"),
        (redirects, only(respond(301)), "does not redirect", "a redirect to nowhere"),
        *[
            (has_headers, FakeDistribution(without=name), "lack security headers", f"missing or weak: {name.lower()}")
            for name in HARDENED
        ],
        *[
            (has_headers, well(**{name.replace("-", "_"): value}), "lack security", f"missing or weak: {name.lower()}")
            for name, value in {
                "Strict-Transport-Security": f"max-age={180 * 24 * 3600 - 1}",
                "X-Content-Type-Options": "sniff",
                "X-Frame-Options": "ALLOWALL",
                "Referrer-Policy": "unsafe-url",
                "Content-Security-Policy": "default-src 'self'",
            }.items()
        ],
        *[
            (
                is_closed,
                FakeDistribution(faulty={path: respond(200)}),
                f"the distribution forwards GET {path}",
                f"200 OK for GET {path}",
            )
            for path in ("/yawl/ib", "/yawl/ia", "/yawl", "/yawl/0a1b")
        ],
        (
            is_closed,
            refusing_get,
            "The engine's API is open to the internet: the distribution forwards POST /yawl/ib",
            "405 Method Not Allowed",
        ),
        (is_closed, only(says("", task="one")), "is open to the internet", "200 OK for GET /yawl/ib"),
        (
            is_not_cached,
            well(X_Cache="RefreshHit from cloudfront"),
            "caches dynamic",
            "the response came from the cache: RefreshHit",
        ),
        (is_not_cached, well(Age="17"), "caches dynamic", "the response was cached: Age 17"),
        (is_not_cached, only(respond(504)), "caches dynamic", "504 Gateway Timeout"),
        (is_private, only(respond(200)), "The bucket of static content is public", "200 OK instead of 403"),
        (is_private, only(respond(404)), "The bucket of static content is public", "404 Not Found instead of 403"),
        (is_cached, FakeDistribution(misses=99), "does not serve static", "not from the cache: X-Cache Miss"),
        (is_cached, only(respond(404)), "does not serve static", "404 Not Found"),
        (is_cached, only(respond(200)), "does not serve static", "200 OK, but the body is empty"),
        (is_cached, only(respond(200, b"a")), "does not serve static", "not from the cache: X-Cache is missing"),
        *[
            (check, only(reset()), "did not answer within the deadline of 60 s", "connection reset")
            for check in (redirects, has_headers, is_not_cached, is_private)
        ],
        (is_closed, only(reset()), "did not respond to GET /yawl/ib within the deadline of 60 s", "connection reset"),
        (is_cached, only(reset()), "does not serve static", "connection reset"),
    ],
)
def test_distribution_fault(check: Check, edge: Application, title: str, fault: str) -> None:
    client = InMemoryClient(edge)
    text = failure_of(lambda: check(client, fake_deadline()))
    assert title in text.splitlines()[0]
    assert f" x {fault}" in text or f", but {fault}" in text
    assert f"curl -i --max-time 10 {URL}" in text or "curl -i -X POST" in text
    retried = "connection reset" in fault or "not from the cache" in fault
    assert (", once" in text) == (not retried)
