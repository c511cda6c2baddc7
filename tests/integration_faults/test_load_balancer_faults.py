"""Faults of the load balancer, and the tests that detect them."""

import asyncio
import json
from dataclasses import dataclass
from itertools import cycle

import pytest

from integration_tests.credentials import ORIGIN_HEADER
from integration_tests.http_client import BODY_LIMIT, HttpClient
from tests.faulty_http_server import (
    CONTRACT,
    Application,
    Behaviour,
    Request,
    drip,
    endless,
    hang,
    hang_after_headers,
    healthy,
    late,
    reset,
    reset_in_the_middle,
    respond,
    serve,
    serve_application,
    truncated_chunk,
    unused_port,
)
from tests.integration_faults.load_balancer_under_test import (
    FORBIDDEN,
    HEALTHY_DEADLINE_SECONDS,
    NAME,
    PATH,
    SECOND,
    check_forbidden,
    check_health,
    check_without_fault,
    resolve,
)
from tests.integration_faults.matrix import Recorder

HEALTH = "test_health_path_responds"
FORBIDDING = "test_other_paths_are_forbidden"


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"no HTTP at all\r\n\r\n")
    await writer.drain()


@dataclass(frozen=True)
class Fault:
    """Faults of the health path, and the expected messages."""

    behaviours: list[Behaviour]
    message: str


def faults() -> list[object]:
    body = json.dumps(CONTRACT).encode()
    error_page = b"<html><body><h1>502</h1></body></html>"
    table: dict[str, Fault] = {
        "an answer is reset in the middle": Fault(
            [reset_in_the_middle()], "connection reset while reading the response"
        ),
        "a connection is reset before the answer": Fault([reset()], "connection reset while waiting for the response"),
        "an answer hangs before its headers": Fault([hang()], "timed out while waiting for the response headers"),
        "an answer hangs after its headers": Fault([hang_after_headers()], "timed out while reading the response body"),
        "an answer comes one byte a second": Fault([drip(SECOND)], "timed out while reading the response body"),
        "a chunk of the answer is cut off": Fault([truncated_chunk()], "incomplete chunked read"),
        "the answer is 503 always": Fault([respond(503, b"starting")], "x 503 Service Unavailable"),
        "the answer is 500 always": Fault([respond(500, error_page)], "x 500 Internal Server Error"),
        "the answer is 404": Fault([respond(404)], "x 404 Not Found"),
        "the answer is 200 with an error page": Fault([respond(200, error_page)], "200 OK, but the body is not JSON"),
        "the answer is 200 with an empty body": Fault([respond(200)], "200 OK, but the body is empty"),
        "the answer is 200 with another service's JSON": Fault(
            [respond(200, b'{"status": "UP"}')], "the body lacks role, engine, leader, version"
        ),
        "the answer is 200, but says it is not well": Fault([healthy(status="unavailable")], "the status is not ok"),
        "the answer is 200 from a task of no role": Fault([healthy(role="leader")], "the role is neither active nor"),
        "the active task's engine has failed": Fault([healthy(engine="failed")], "the active task's engine is failed"),
        "the answer tells of an engine in no known state": Fault(
            [healthy(engine="up")], "the engine's state is not one of"
        ),
        "the answer does not tell the leader's age": Fault(
            [healthy(leader={})], "lacks leader.age_seconds or leader.epoch"
        ),
        "the answer is shorter than it claims": Fault(
            [respond(200, b"{}", length=90)], "received 2 bytes, expected 90"
        ),
        "the answer is longer than it claims": Fault(
            [respond(200, body, length=40)], "200 OK, but the body is not JSON"
        ),
        "the answer is giant": Fault([healthy(padding="x" * 4 * BODY_LIMIT)], "the body is larger than 64 KiB"),
        "the answer redirects to itself": Fault([respond(302, location=PATH)], ": a redirect loop"),
        "the answer redirects to another host": Fault(
            [respond(301, location="https://elsewhere.example/?token=hidden")],
            "301 Moved Permanently to https://elsewhere.example/: a redirect to another host",
        ),
        "the answer is no HTTP": Fault([no_http], "illegal status line"),
        "the path answers well, and then with 503": Fault([healthy(), healthy(), respond(503)], "is flapping"),
    }
    return [
        pytest.param(fault, id=name, marks=pytest.mark.fault(name, caught_by=HEALTH)) for name, fault in table.items()
    ]


@pytest.mark.parametrize("fault", faults())
def test_health_path_fault(fault: Fault, recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as healthy_server:
        recorder.green(lambda: check_without_fault(healthy_server.url))
    with serve(*fault.behaviours, elsewhere=FORBIDDEN) as server:
        text = recorder.red(lambda: check_health(server.url), message=fault.message)
        assert f"{server.url}{PATH}" in text
        assert f"from 127.0.0.1:{server.port}" in text
        assert "request 1-" in text
        assert "hidden" not in text


@pytest.mark.fault("every third answer is 503", caught_by=HEALTH)
def test_one_in_three(recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as healthy_server:
        recorder.green(lambda: check_without_fault(healthy_server.url))
    turns = cycle([healthy(), healthy(), respond(503)])
    with serve_application(lambda _: next(turns)) as server:
        recorder.red(lambda: check_health(server.url), message="is flapping")


@pytest.mark.fault("connections are refused", caught_by=HEALTH)
def test_connection_refused(recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as healthy_server:
        recorder.green(lambda: check_without_fault(healthy_server.url))
    recorder.red(lambda: check_health(f"http://127.0.0.1:{unused_port()}"), message="x connection refused")


@pytest.mark.fault("the name does not resolve", caught_by=HEALTH)
def test_unresolvable_name(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server:
        resolve(monkeypatch, {NAME: ["127.0.0.1"], "gone.example": []})
        recorder.green(lambda: check_without_fault(f"http://{NAME}:{server.port}"))
        recorder.red(lambda: check_health(f"http://gone.example:{server.port}"), message="x the name does not resolve")


@pytest.mark.fault("one of the name's two addresses does not answer", caught_by=HEALTH)
def test_one_address_is_dead(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve(healthy(), elsewhere=FORBIDDEN) as server,
        serve_application(lambda _: healthy(task="task-two"), host="127.0.0.2", port=server.port) as other,
    ):
        resolve(monkeypatch, {NAME: ["127.0.0.1", "127.0.0.2"], "half.example": ["127.0.0.1", "127.0.0.3"]})
        recorder.green(lambda: check_without_fault(f"http://{NAME}:{server.port}"))
        assert len(other.requests) == 5, "every look asks every address"
        assert all(f"host: {NAME}:{server.port}" in request.lower() for request in other.requests)
        text = recorder.red(lambda: check_health(f"http://half.example:{server.port}"), message="connection refused")
        assert "(one of 2 addresses)" in text


ONE_HANGS_SECONDS = 2.0
"""Limit of a request if one gets no response, and the others get theirs immediately."""


@pytest.mark.parametrize(
    "behaviours",
    [
        pytest.param(
            [respond(503), respond(502), hang(), reset(), respond(404), healthy()],
            marks=pytest.mark.tolerated("the application starts slowly, within the deadline", by=HEALTH),
            id="slow-start",
        ),
        pytest.param(
            [respond(503), healthy(), reset(), healthy()],
            marks=pytest.mark.tolerated("one connection is lost while the application starts", by=HEALTH),
            id="one-lost-connection",
        ),
        pytest.param(
            [healthy(), healthy(role="standby", task="task-two"), healthy()],
            marks=pytest.mark.tolerated("tasks of both roles answer", by=HEALTH),
            id="both-roles",
        ),
        pytest.param(
            [late(0.1, drip(0.0005))],
            marks=pytest.mark.tolerated("answers are slow, but within a request's time", by=HEALTH),
            id="slow-answers",
        ),
    ],
)
def test_healthy_variant(behaviours: list[Behaviour], recorder: Recorder) -> None:
    with serve(*behaviours, elsewhere=FORBIDDEN) as server:
        recorder.green(
            lambda: check_health(server.url, seconds=HEALTHY_DEADLINE_SECONDS, request_seconds=ONE_HANGS_SECONDS)
        )


def at_two_paths(request: Request) -> Behaviour:
    """Also serve paths below the health path, like a listener rule for `/resourceService/*`."""
    return healthy() if request.method == "GET" and request.path.startswith(PATH) else FORBIDDEN


def to_any_header(request: Request) -> Behaviour:
    """Check only that the header exists, not its value."""
    return respond(200, b"<response/>") if ORIGIN_HEADER.lower() in request.headers else FORBIDDEN


@pytest.mark.parametrize(
    ("elsewhere", "message"),
    [
        pytest.param(
            respond(200, b"<response/>"),
            "forwards GET / to anybody",
            marks=pytest.mark.fault("the rule is missing that answers 403", caught_by=FORBIDDING),
        ),
        pytest.param(
            respond(302, location="/login"),
            "302 Found for GET /",
            marks=pytest.mark.fault("other paths lead to a login", caught_by=FORBIDDING),
        ),
        pytest.param(
            reset(),
            "did not respond to GET /",
            marks=pytest.mark.fault("other paths do not answer", caught_by=FORBIDDING),
        ),
    ],
)
def test_open_path(elsewhere: Behaviour, message: str, recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as healthy_server:
        recorder.green(lambda: check_forbidden(healthy_server.url, seconds=HEALTHY_DEADLINE_SECONDS))
    with serve(healthy(), elsewhere=elsewhere) as server:
        recorder.red(lambda: check_forbidden(server.url), message=message)


@pytest.mark.parametrize(
    ("application", "message"),
    [
        pytest.param(
            at_two_paths,
            "forwards GET /resourceService/gateway to anybody",
            marks=pytest.mark.fault("what is below the health path is open too", caught_by=FORBIDDING),
        ),
        pytest.param(
            to_any_header,
            "with a guessed secret origin header",
            marks=pytest.mark.fault("any value of the secret header lets pass", caught_by=FORBIDDING),
        ),
    ],
)
def test_rule_that_is_too_wide(application: Application, message: str, recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as healthy_server:
        recorder.green(lambda: check_forbidden(healthy_server.url, seconds=HEALTHY_DEADLINE_SECONDS))
    with serve_application(application) as server:
        recorder.red(lambda: check_forbidden(server.url), message=message)


@pytest.mark.tolerated("one connection to another path is lost", by=FORBIDDING)
def test_lost_connection_to_another_path(recorder: Recorder) -> None:
    turns = iter([reset()])
    with serve_application(lambda _: next(turns, FORBIDDEN)) as server:
        recorder.green(lambda: check_forbidden(server.url, seconds=HEALTHY_DEADLINE_SECONDS))


def test_endless_response_is_bounded() -> None:
    with serve_application(lambda _: endless()) as server:
        found = HttpClient(server.url).get(PATH, seconds=30)
    assert found.problem == "the body is larger than 64 KiB"
    assert len(found.body) == BODY_LIMIT
    assert found.seconds < 10
