"""The behaviors of docs/FAULTS.md without sockets, and the parts of the HTTP checks one by one.

`make faults` gives the same behaviors their verdicts over the loopback, where responses also have other forms.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from typing_extensions import override

from integration_tests.contract import MAX_LEADER_AGE_SECONDS, health_fault, version_fault
from integration_tests.failure import CheckFailed
from integration_tests.http_call import Response
from integration_tests.http_checks import (
    METHODS,
    closed_calls,
    closed_engine_calls,
    closed_fault,
    curl,
    health_path_responds,
    other_paths_are_forbidden,
    redirect_ending,
)
from integration_tests.http_client import Call
from integration_tests.sample import ENOUGH_FOR_EVERY_TASK, latency_and_errors_are_within_limits
from tests.faulty_http_server import CONTRACT, Application, Behaviour, healthy, reset, respond
from tests.integration_faults.http_behaviors import (
    FORBIDDING,
    HEALTH,
    RELEASED,
    SAMPLE,
    UNGUESSABLE,
    Bad,
    Good,
    Start,
    always,
    bad,
    first,
    good,
    in_turn,
)
from tests.unit.integration_tests.in_memory_client import URL, InMemoryClient, fake_deadline, without_pauses

PATH = "/resourceService/"
OF_THE_WIRE = {"answers in chunks, with extensions and a trailer", "early hints before the answer"}
"""Behaviors that only a real connection can show."""
GOOD = {name: row for name, row in good().items() if name not in OF_THE_WIRE}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


def check_health(client: InMemoryClient, *, released: str | None = RELEASED, consecutive: int = 5) -> None:
    health_path_responds(client, path=PATH, consecutive=consecutive, deadline=fake_deadline(), released=released)


def check_sample(
    client: InMemoryClient,
    *,
    released: str | None = RELEASED,
    requests: int = 100,
    p99: float = 1.0,
    errors: float = 1.0,
) -> float:
    return latency_and_errors_are_within_limits(
        client,
        path=PATH,
        requests=requests,
        p99_limit_seconds=p99,
        error_rate_limit_percent=errors,
        released=released,
    )


def check(test: str, start: Start, released: str | None) -> None:
    """Do what the test of this name does, with a load balancer of its own."""
    application = start()
    client = InMemoryClient(application)
    if test == HEALTH:
        check_health(client, released=released)
    elif test == FORBIDDING:
        calls = closed_calls(PATH, unguessable=UNGUESSABLE)
        forbidding = partial(other_paths_are_forbidden, calls=calls, deadline=fake_deadline())
        forbidding(client)
        forbidding(
            InMemoryClient(application, headers={"X-Origin-Verify": "a guess"}),
            header="with a guessed secret origin header",
        )
    else:
        check_sample(client, released=released)


@pytest.mark.parametrize("behavior", [pytest.param(row, id=name) for name, row in bad().items()])
def test_bad_behavior(behavior: Bad) -> None:
    with pytest.raises(CheckFailed) as failure:
        check(behavior.by, behavior.start, behavior.released)
    assert behavior.message in str(failure.value)
    assert len(str(failure.value).splitlines()) <= 30


@pytest.mark.parametrize("behavior", [pytest.param(row, id=name) for name, row in GOOD.items()])
def test_good_behavior(behavior: Good) -> None:
    start = behavior.start()
    for test in (HEALTH, FORBIDDING, SAMPLE):
        check(test, lambda: start, behavior.released)


def response(**changes: Any) -> Response:
    """Return a healthy response with these changes of its fields."""
    return replace(_healthy_response(), **changes)


@functools.cache
def _healthy_response() -> Response:
    [found] = InMemoryClient(lambda _: healthy()).ask_all([Call("GET", PATH)])
    return found


def saying(*, task: str = "task-one", started: float = 0.0, seconds: float = 0.01, **changes: Any) -> Response:
    """Return a response with these changes of the contract's fields."""
    headers = {"content-type": "application/json", "x-yawl-task": task}
    return response(body=json.dumps(CONTRACT | changes).encode(), headers=headers, started=started, seconds=seconds)


def test_healthy_response_has_no_fault() -> None:
    assert health_fault(response()) is None
    assert version_fault(response(), None) is None
    assert version_fault(response(), RELEASED) is None
    assert response(started=2.0, seconds=0.5).ended == 2.5


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"problem": "connection refused"}, "connection refused"),
        ({"status": 503, "phrase": "Service Unavailable"}, "503 Service Unavailable"),
        (
            {"status": 302, "phrase": "Found", "headers": {"location": "/a?b"}, "shown_location": "/a"},
            "302 Found to /a",
        ),
        ({"body": b""}, "200 OK, but the body is empty"),
        ({"body": b"0"}, "200 OK, but the body is not a JSON object"),
        ({"body": b"{}"}, "200 OK, but the body lacks status, role, engine, leader, version"),
        ({"headers": {"x-yawl-task": "one"}}, "200 OK, but the content type is not application/json"),
        (
            {"headers": {"content-type": "application/json"}},
            "200 OK, but the response does not name its task (X-Yawl-Task)",
        ),
    ],
)
def test_response_fault(changed: dict[str, Any], fault: str) -> None:
    assert health_fault(response(**changed)) == fault


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ({"version": ""}, "the body lacks version"),
        ({"version": None, "leader": None}, "the body lacks leader, version"),
        (
            {"engine": "up"},
            "the engine's state is not one of running, starting, stopping, stopped, failed, unreachable",
        ),
        ({"role": "leader"}, "the role is neither active nor standby"),
        ({"role": "standby", "engine": "failed"}, "the standby task's engine is failed"),
        ({"leader": {"epoch": 7}}, "the body lacks leader.age_seconds or leader.epoch"),
        ({"leader": {"epoch": 7, "age_seconds": -1}}, "leader.age_seconds is not a number from 0"),
        ({"leader": {"epoch": 7, "age_seconds": 60.1}}, "the leader has been silent for more than 60 s"),
        ({"leader": {"epoch": -1, "age_seconds": 0}}, "leader.epoch is not a whole number from 1"),
    ],
)
def test_body_fault(output: dict[str, Any], fault: str) -> None:
    assert health_fault(saying(**output)) == f"200 OK, but {fault}"


@pytest.mark.parametrize(
    "leader", [{"age_seconds": MAX_LEADER_AGE_SECONDS, "epoch": 1}, {"age_seconds": 0, "epoch": 2}]
)
def test_limits_of_the_leader_are_inclusive(leader: dict[str, Any]) -> None:
    assert health_fault(saying(leader=leader)) is None


def test_long_version_is_cut() -> None:
    fault = version_fault(saying(version="v" * 99), RELEASED)
    assert fault == f"200 OK, but the version is '{'v' * 60}', not the released '{RELEASED}'"


def test_health_path_is_asked_as_often_as_told() -> None:
    client = InMemoryClient(always(healthy())())
    check_health(client, consecutive=3)
    assert [(asked.method, asked.path) for asked in client.asked] == [("GET", PATH)] * 3


def health_failure(*behaviours: Behaviour, consecutive: int = 3, then: Behaviour | None = None) -> tuple[str, int]:
    """Return the failure of the health path's check, and after how many requests it came."""
    client = InMemoryClient(first(*behaviours, then=then or behaviours[-1])())
    with pytest.raises(CheckFailed) as failure:
        check_health(client, consecutive=consecutive)
    return str(failure.value), len(client.asked)


def test_bad_answer_after_a_healthy_one_is_flapping() -> None:
    text, asked = health_failure(healthy(), respond(503), then=healthy())
    assert text.startswith("The health path is flapping: it was healthy and failed again.")
    assert asked == 2


def test_second_lost_connection_is_flapping() -> None:
    text, asked = health_failure(healthy(), reset(), healthy(), reset(), then=healthy())
    assert "is flapping" in text
    assert asked == 4


def test_bad_answer_after_another_version_is_flapping() -> None:
    text, asked = health_failure(healthy(), healthy(version="0.9.0"), respond(503), then=healthy())
    assert "is flapping" in text
    assert asked == 3


def test_other_versions_are_no_flapping() -> None:
    client = InMemoryClient(in_turn(healthy(), *[healthy(version="0.9.0")] * 3)())
    with pytest.raises(CheckFailed) as failure:
        check_health(client)
    text = str(failure.value)
    assert text.startswith("The health path was healthy only 1 of 5 times in a row.")
    assert f"with status, role, engine, leader, version; version {RELEASED}" in text
    assert len(client.asked) > 10


def test_health_failure_names_the_request() -> None:
    text, _ = health_failure(respond(500))
    assert f"asked   GET {URL}{PATH}, " in text
    assert "wanted  3 in a row from every address: 200, JSON with status, role, engine, leader, version" in text
    assert f"next    curl -i --max-time 10 {URL}{PATH}" in text


@pytest.mark.parametrize(
    ("location", "ending"),
    [
        ("https://elsewhere.example/", ": a redirect to another host"),
        (PATH, ": a redirect loop"),
        ("http://yawl.example/", ""),
        ("/login", ", which ends with 403"),
        ("/a", ": more than 5 redirects"),
    ],
)
def test_redirect_is_followed_to_describe_it(location: str, ending: str) -> None:
    def application(request: Any) -> Behaviour:
        if request.path == PATH:
            return respond(302, location=location)
        return respond(302, location=request.path + "a") if request.path.startswith("/a") else respond(403)

    with pytest.raises(CheckFailed) as failure:
        check_health(InMemoryClient(application))
    shown = f"302 Found to {location}{ending}"
    assert any(line.split(" x ")[-1].startswith(shown) for line in str(failure.value).splitlines()), str(failure.value)


@pytest.mark.parametrize(
    ("status", "headers", "ending"),
    [
        (299, {"location": "/a"}, ""),
        (300, {"location": "/a"}, ", which ends with 403 Forbidden"),
        (399, {"location": "/a"}, ", which ends with 403 Forbidden"),
        (400, {"location": "/a"}, ""),
        (304, {}, ""),
    ],
)
def test_only_redirects_are_followed(status: int, headers: dict[str, str], ending: str) -> None:
    client = InMemoryClient(lambda _: respond(403, location="/elsewhere"))
    assert redirect_ending(client, response(status=status, headers=headers)) == ending


def test_redirect_without_a_place_ends() -> None:
    client = InMemoryClient(lambda _: respond(302))
    assert redirect_ending(client, response(status=302, headers={"location": "/a"})) == ", which ends with 302 Found"
    silent = InMemoryClient(lambda _: reset())
    ending = redirect_ending(silent, response(status=302, headers={"location": "/a"}))
    assert ending == ", which ends with connection reset while waiting for the response headers"


def test_every_closed_path_is_asked_with_every_method_that_matters() -> None:
    calls = closed_calls(PATH, unguessable="0a1b")
    paths = {"/", "/yawl", "/yawl/ib", "/yawl/ia", "/resourceService/gateway", "/resourceService"}
    paths |= {f"{path.rstrip('/')}/0a1b" for path in paths}
    assert {call.path for call in calls if call.method == "GET"} == paths
    assert {call.path for call in calls if call.method == "POST"} == {*paths, PATH}
    assert {call.method for call in calls if call.path == "/yawl/0a1b"} == set(METHODS)
    assert {call.method for call in calls if call.path == PATH} == set(METHODS) - {"GET"}
    assert len(calls) == len(set(calls)) == 35
    assert {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} == set(METHODS)


def test_health_path_at_the_root_is_not_closed() -> None:
    calls = closed_calls("/", unguessable="0a1b")
    assert Call("GET", "/") not in calls
    assert Call("GET", "/gateway") in calls
    assert all(call.path for call in calls)


def test_engine_calls_that_the_distribution_must_refuse() -> None:
    assert set(closed_engine_calls(unguessable="0a1b")) == {
        Call(method, f"{path}{below}")
        for method in ("GET", "POST")
        for path in ("/yawl/ib", "/yawl/ia", "/yawl")
        for below in ("", "/0a1b")
    }


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"body": b"<html>"}, None),
        ({"status": 200, "phrase": "OK"}, "200 OK"),
        ({"status": 0, "phrase": "", "problem": "connection refused"}, "connection refused"),
        ({"headers": {"x-yawl-task": "one"}}, "403 Forbidden from the application"),
        *[
            ({"body": body}, "403 Forbidden from the application")
            for body in (b'{"a": 1}', b"  <response/>", b"<failure/>", b'<?xml version="1.0"?>')
        ],
    ],
)
def test_closed_fault(changed: dict[str, Any], fault: str | None) -> None:
    refused = {"status": 403, "phrase": "Forbidden", "headers": {"server": "awselb/2.0"}, "body": b"Forbidden"}
    assert closed_fault(response(**refused | changed)) == fault


def forbidding_failure(application: Application, calls: Sequence[Call]) -> str:
    with pytest.raises(CheckFailed) as failure:
        other_paths_are_forbidden(InMemoryClient(application), calls=calls, deadline=fake_deadline())
    return str(failure.value)


def test_open_call_is_named_with_a_command() -> None:
    calls = [Call("GET", "/"), Call("HEAD", "/b"), Call("PUT", "/c")]
    text = forbidding_failure(lambda request: respond(403 if request.path == "/" else 200), calls)
    assert text.startswith("The load balancer forwards HEAD /b to anybody: only CloudFront may request it.")
    assert f"asked   3 requests to {URL}, such as GET / and PUT /c, without the secret origin header, once" in text
    assert "wanted  403 Forbidden for each, and not from the application" in text
    assert "1 x 200 OK for HEAD /b" in text
    assert f"next    curl -i --head --max-time 10 {URL}/b" in text
    assert "the default action must be a fixed response with 403" in text


def test_silent_call_is_retried_until_the_deadline() -> None:
    text = forbidding_failure(lambda request: reset() if request.path == "/b" else respond(403), [Call("GET", "/b")])
    assert text.startswith(f"{URL} did not respond to GET /b within the deadline of 60 s.")
    assert "connection reset while waiting for the response headers for GET /b" in text
    assert "fixed response" not in text


def test_answer_counts_more_than_silence() -> None:
    calls = [Call("GET", "/a"), Call("GET", "/b")]
    text = forbidding_failure(lambda request: reset() if request.path == "/a" else respond(200), calls)
    assert "forwards GET /b to anybody" in text


def test_command_repeats_the_request() -> None:
    client = InMemoryClient(lambda _: healthy())
    assert curl(client, "/a b", method="PUT") == f"curl -i -X PUT --max-time 10 '{URL}/a b'"
    assert curl(client, "/a") == f"curl -i --max-time 10 {URL}/a"


class Sampled(InMemoryClient):
    """A client whose sample is these responses, and then those."""

    def __init__(self, *samples: Sequence[Response]) -> None:
        super().__init__(lambda _: healthy())
        self._samples = list(samples)
        self.counts: list[int] = []

    @override
    def sample(self, path: str, *, count: int, **_: Any) -> list[Response]:
        assert path == PATH
        self.counts.append(count)
        return list(self._samples.pop(0))


def sample_failure(*samples: Sequence[Response], **limits: Any) -> str:
    with pytest.raises(CheckFailed) as failure:
        check_sample(Sampled(*samples), **limits)
    return str(failure.value)


LOST = {"problem": "connection refused", "status": 0}


def test_sample_returns_the_99th_percentile() -> None:
    responses = [saying(seconds=number / 1000) for number in range(1, 101)]
    assert check_sample(Sampled(responses)) == 0.099
    assert check_sample(Sampled(responses[:10]), requests=10) == 0.01


def test_as_many_may_be_slow_or_bad_as_the_limits_say() -> None:
    slow, lost = saying(seconds=1.1), response(**LOST)
    check_sample(Sampled([slow, lost, *[saying()] * 98]))
    check_sample(Sampled([saying(seconds=1.0)] * 100))
    text = sample_failure([slow, slow, *[saying()] * 98])
    assert text.startswith("The slowest 1 % of requests is over the limit of 1 s: 2 of 100 took longer.")
    text = sample_failure([lost, *[saying()] * 98, lost])
    assert text.startswith("2 of 100 requests failed; the limit is 1 %.")
    check_sample(Sampled([lost] * 2 + [saying()] * 98), errors=2.98)
    assert "3 of 100 requests failed; the limit is 2.98 %" in sample_failure([lost] * 3 + [saying()] * 97, errors=2.98)
    check_sample(Sampled([lost] * 3 + [saying()] * 97), errors=3)
    assert "1 of 10 requests failed" in sample_failure([lost] + [saying()] * 9, requests=10)


def test_sample_failure_shows_the_worst_response() -> None:
    text = sample_failure([*[saying(seconds=1.5)] * 3, saying(seconds=1.7), *[saying(seconds=0.5)] * 96])
    assert f"asked   GET {URL}{PATH}, 100 times in a sample of 100, 4 at once" in text
    assert f"wanted  99 % within 1 s, at most 1 % bad, one active task, version {RELEASED}" in text
    assert "100 x as wanted" in text
    assert "median 0.50 s, 99 % within 1.50 s, all in 1.70 s" in text
    assert "last    worst  200 OK, 1.70 s from" in text
    text = sample_failure([saying(), *[response(**LOST)] * 2], released=None)
    assert "one active task, one version" in text
    assert "2 x connection refused" in text
    assert "1 x as wanted" in text
    assert "worst  connection refused" in text


def test_sample_stops_as_soon_as_its_verdict_is_certain() -> None:
    client = InMemoryClient(always(respond(503))())
    with pytest.raises(CheckFailed, match=r"^[2-5] of [2-5] requests failed"):
        check_sample(client)


@pytest.mark.parametrize("place", range(96, 100))
def test_lost_connection_at_the_end_is_asked_about_again(place: int) -> None:
    sample = [saying() for _ in range(100)]
    sample[place] = response(**LOST)
    client = Sampled(sample, [saying()] * 4)
    check_sample(client)
    assert client.counts == [100, 4]
    text = sample_failure(sample, [response(**LOST), saying()])
    assert text.startswith("One of the last requests failed, and 1 of 2 after it.")
    assert "2 x connection refused" in text


def test_earlier_lost_connection_is_not_asked_about() -> None:
    client = Sampled([*[saying()] * 95, response(**LOST), *[saying()] * 4])
    check_sample(client)
    assert client.counts == [100]


def leading(epoch: int, task: str, started: float, seconds: float = 0.1) -> Response:
    return saying(leader={"age_seconds": 0.4, "epoch": epoch}, task=task, started=started, seconds=seconds)


def test_answer_that_was_on_its_way_is_no_contradiction() -> None:
    late = leading(7, "one", started=1.0, seconds=5.0)
    check_sample(Sampled([leading(7, "one", 0.0), leading(8, "two", 1.0), leading(8, "two", 2.0), late]), p99=9)
    check_sample(Sampled([leading(8, "two", 1.0, 1.0), leading(7, "one", started=2.0)]), p99=9)
    text = sample_failure([leading(8, "two", 1.0, 1.0), leading(7, "one", started=2.1)], p99=9)
    assert "Two tasks report in turn that they are active: epoch 7 came back after epoch 8" in text


def test_two_active_tasks_in_one_epoch() -> None:
    text = sample_failure([leading(7, "two", 0.0), leading(7, "one", 1.0)])
    assert text.startswith("Two tasks report that they are active: one, two.")


def test_active_task_is_missed_in_enough_responses_only() -> None:
    idle = [saying(role="standby", task="two")] * ENOUGH_FOR_EVERY_TASK
    assert f"None of {len(idle)} healthy responses comes from an active task" in sample_failure(idle)
    check_sample(Sampled(idle[1:]))
    check_sample(Sampled([*idle, saying()]))


def test_versions_of_a_sample() -> None:
    mixed = [*[saying()] * 8, saying(version="2"), saying(version="3")]
    assert f"2 of 10 healthy responses are not of the released version {RELEASED}" in sample_failure(mixed)
    assert f"Tasks of 3 versions respond: {RELEASED}, 2, 3" in sample_failure(mixed, released=None)
    text = sample_failure([saying(version="2")] * 4, released=RELEASED)
    assert f"4 x 200 OK, but the version is '2', not the released '{RELEASED}'" in text
    check_sample(Sampled([saying(version="2")] * 4), released=None)


def test_several_contradictions_share_a_title() -> None:
    lost = [response(**LOST)] * 2
    text = sample_failure([leading(7, "two", 0.0), leading(7, "one", 1.0), *lost, saying(version="2")])
    title = text.splitlines()[0]
    assert title.startswith("2 of 5 requests failed; the limit is 1 %; two tasks report")
    assert title.endswith(f"1 of 3 healthy responses are not of the released version {RELEASED}.")
