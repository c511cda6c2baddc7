"""A load balancer gone wrong, and the tests that notice it."""

import asyncio
import datetime
import functools
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

import pytest
import trustme

from integration_tests.failure import CheckFailed
from integration_tests.front_door import BODY_LIMIT, FrontDoor
from integration_tests.http_checks import health_path_answers, other_paths_are_forbidden
from integration_tests.sample import answers_are_quick_and_sound
from integration_tests.waiting import Patience
from tests.fault_server import (
    Behaviour,
    answer,
    drip,
    endless,
    hang,
    hang_after_headers,
    healthy,
    late,
    reset,
    reset_in_the_middle,
    serve,
    serve_application,
    truncated_chunk,
    unused_port,
)
from tests.faults.matrix import Recorder
from tests.faults.names import resolve

PATH = "/resourceService/"
NAME = "yawl.example"
DEADLINE_SECONDS = 0.3
REQUEST_SECONDS = 0.4
"""What a request may take here, where some never end."""
SECOND = REQUEST_SECONDS / 10
"""A second by the measure of a request, which otherwise may take ten: no single byte is late."""
FORBIDDEN = answer(403, b"Forbidden")
HEALTH = "test_health_path_answers"
SAMPLE = "test_answers_are_quick_and_sound"


def impatience(seconds: float = DEADLINE_SECONDS) -> Patience:
    return Patience(deadline_seconds=seconds, first_pause=0.02, longest_pause=0.1, pause_in_streak=0.0)


def check_health(url: str, *, seconds: float = DEADLINE_SECONDS, authorities: ssl.SSLContext | None = None) -> None:
    health_path_answers(
        FrontDoor(url, authorities=authorities),
        path=PATH,
        in_a_row=5,
        patience=impatience(seconds),
        request_seconds=REQUEST_SECONDS,
    )


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"no HTTP at all\r\n\r\n")
    await writer.drain()


@dataclass(frozen=True)
class Fault:
    """How the health path goes wrong, and what must be said of it."""

    behaviours: list[Behaviour]
    naming: str


def faults() -> list[object]:
    error_page = b"<html><body><h1>502</h1></body></html>"
    table: dict[str, Fault] = {
        "an answer is reset in the middle": Fault(
            [reset_in_the_middle()], "connection reset while reading the answer's"
        ),
        "a connection is reset before the answer": Fault([reset()], "connection reset while waiting for the answer's"),
        "an answer hangs before its headers": Fault([hang()], "timed out while waiting for the answer's headers"),
        "an answer hangs after its headers": Fault([hang_after_headers()], "timed out while reading the answer's body"),
        "an answer comes one byte a second": Fault([drip(SECOND)], "timed out while reading the answer's body"),
        "a chunk of the answer is cut off": Fault([truncated_chunk()], "incomplete chunked read"),
        "the answer is 503 always": Fault([answer(503, b"starting")], "x 503 Service Unavailable"),
        "the answer is 500 always": Fault([answer(500, error_page)], "x 500 Internal Server Error"),
        "the answer is 404": Fault([answer(404)], "x 404 Not Found"),
        "the answer is 200 with an error page": Fault([answer(200, error_page)], "200 OK, but the body is not JSON"),
        "the answer is 200 with an empty body": Fault([answer(200)], "200 OK, but the body is empty"),
        "the answer is 200 with another service's JSON": Fault(
            [answer(200, b'{"status": "UP"}')], "the body does not say role, engine, leader, version"
        ),
        "the answer is 200, but says it is not well": Fault([healthy(status="unavailable")], "the status is not ok"),
        "the answer is 200 from a task of no role": Fault([healthy(role="leader")], "the role is neither active nor"),
        "the active task's engine has failed": Fault([healthy(engine="failed")], "the active task's engine is failed"),
        "the answer tells of an engine in no known state": Fault([healthy(engine="up")], "the engine is none of"),
        "the answer does not tell the leader's age": Fault([healthy(leader={})], "does not say leader.age_seconds"),
        "the answer is shorter than it claims": Fault([answer(200, b"{}", length=90)], "received 2 bytes, expected 90"),
        "the answer is giant": Fault([healthy(padding="x" * 4 * BODY_LIMIT)], "a body of more than 64 KiB"),
        "the answer redirects to itself": Fault([answer(302, location=PATH)], ": a redirect loop"),
        "the answer redirects to another host": Fault(
            [answer(301, location="https://elsewhere.example/?token=hidden")],
            "301 Moved Permanently to https://elsewhere.example/: a redirect to another host",
        ),
        "the answer is no HTTP": Fault([no_http], "illegal status line"),
        "the path answers well, and then with 503": Fault([healthy(), healthy(), answer(503)], "is flapping"),
    }
    return [
        pytest.param(fault, id=name, marks=pytest.mark.fault(name, caught_by=HEALTH)) for name, fault in table.items()
    ]


@pytest.mark.parametrize("fault", faults())
def test_a_fault_of_the_health_path(fault: Fault, recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as twin:
        recorder.green(lambda: check_health(twin.url))
    with serve(*fault.behaviours, elsewhere=FORBIDDEN) as server:
        text = recorder.red(lambda: check_health(server.url), naming=fault.naming)
        assert f"{server.url}{PATH}" in text
        assert f"from 127.0.0.1:{server.port}" in text
        assert "request 1-" in text
        assert "hidden" not in text


@pytest.mark.fault("every third answer is 503", caught_by=HEALTH)
def test_one_in_three(recorder: Recorder) -> None:
    turns = cycle([healthy(), healthy(), answer(503)])
    with serve_application(lambda _: next(turns)) as server:
        recorder.red(lambda: check_health(server.url), naming="is flapping")


@pytest.mark.fault("connections are refused", caught_by=HEALTH)
def test_refused(recorder: Recorder) -> None:
    recorder.red(lambda: check_health(f"http://127.0.0.1:{unused_port()}"), naming="x connection refused")


@pytest.mark.fault("the name does not resolve", caught_by=HEALTH)
def test_a_name_that_does_not_resolve(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server:
        resolve(monkeypatch, {NAME: ["127.0.0.1"], "gone.example": []})
        recorder.green(lambda: check_health(f"http://{NAME}:{server.port}"))
        recorder.red(lambda: check_health(f"http://gone.example:{server.port}"), naming="x the name does not resolve")


@pytest.mark.fault("one of the name's two addresses does not answer", caught_by=HEALTH)
def test_one_address_is_dead(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve(healthy(), elsewhere=FORBIDDEN) as server,
        serve_application(lambda _: healthy(task="task-two"), host="127.0.0.2", port=server.port) as other,
    ):
        resolve(monkeypatch, {NAME: ["127.0.0.1", "127.0.0.2"], "half.example": ["127.0.0.1", "127.0.0.3"]})
        recorder.green(lambda: check_health(f"http://{NAME}:{server.port}"))
        assert len(other.requests) == 5, "every look asks every address"
        assert all(f"host: {NAME}:{server.port}" in request.lower() for request in other.requests)
        text = recorder.red(lambda: check_health(f"http://half.example:{server.port}"), naming="connection refused")
        assert "(one of 2 addresses)" in text


@pytest.mark.parametrize(
    ("kind", "naming"),
    [
        pytest.param(
            "expired",
            "certificate has expired",
            marks=pytest.mark.fault("the certificate has expired", caught_by=HEALTH),
        ),
        pytest.param(
            "self-signed",
            "unable to get local issuer certificate",
            marks=pytest.mark.fault("nobody trusted signed the certificate", caught_by=HEALTH),
        ),
        pytest.param(
            "another name",
            "Hostname mismatch",
            marks=pytest.mark.fault("the certificate is for another name", caught_by=HEALTH),
        ),
    ],
)
def test_a_certificate(kind: str, naming: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, yesterday = trustme.CA(), datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    certificates = {
        "good": authority.issue_cert(NAME),
        "expired": authority.issue_cert(NAME, not_after=yesterday),
        "self-signed": trustme.CA().issue_cert(NAME),
        "another name": authority.issue_cert("another.example"),
    }
    resolve(monkeypatch, {NAME: ["127.0.0.1"]})

    def check(certificate: str) -> None:
        with serve(healthy(), elsewhere=FORBIDDEN, tls=_context(certificates[certificate])) as server:
            check_health(f"https://{NAME}:{server.port}", authorities=trusted)

    recorder.green(lambda: check("good"))
    text = recorder.red(lambda: check(kind), naming="the certificate is refused")
    assert naming in text


@pytest.mark.fault("the load balancer speaks no TLS where it should", caught_by=HEALTH)
def test_tls_without_tls(recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server:
        url = server.url.replace("http:", "https:")
        recorder.red(lambda: check_health(url), naming="while agreeing on TLS")


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize(
    "behaviours",
    [
        pytest.param(
            [answer(503), answer(502), hang(), reset(), answer(404), healthy()],
            marks=pytest.mark.tolerated("the application starts slowly, within the deadline", by=HEALTH),
            id="slow-start",
        ),
        pytest.param(
            [answer(503), healthy(), reset(), healthy()],
            marks=pytest.mark.tolerated("one connection is lost while the application starts", by=HEALTH),
            id="one-lost-connection",
        ),
        pytest.param(
            [healthy(), healthy(role="standby", engine="stopped", task="task-two"), healthy()],
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
def test_no_reason_for_red(behaviours: list[Behaviour], recorder: Recorder) -> None:
    with serve(*behaviours, elsewhere=FORBIDDEN) as server:
        recorder.green(lambda: check_health(server.url, seconds=5.0))


def check_forbidden(url: str) -> None:
    other_paths_are_forbidden(
        FrontDoor(url), paths=["/", "/yawl/ib"], patience=impatience(), request_seconds=REQUEST_SECONDS
    )


@pytest.mark.parametrize(
    ("elsewhere", "naming"),
    [
        pytest.param(
            answer(200, b"<response/>"),
            "lets anybody through to /",
            marks=pytest.mark.fault("the rule is missing that answers 403", caught_by="test_other_paths_are_forbidden"),
        ),
        pytest.param(
            answer(302, location="/login"),
            "302 Found for /",
            marks=pytest.mark.fault("other paths lead to a login", caught_by="test_other_paths_are_forbidden"),
        ),
        pytest.param(
            reset(),
            "did not answer /",
            marks=pytest.mark.fault("other paths do not answer", caught_by="test_other_paths_are_forbidden"),
        ),
    ],
)
def test_other_paths(elsewhere: Behaviour, naming: str, recorder: Recorder) -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as twin:
        recorder.green(lambda: check_forbidden(twin.url))
    with serve(healthy(), elsewhere=elsewhere) as server:
        recorder.red(lambda: check_forbidden(server.url), naming=naming)


@pytest.mark.tolerated("one connection to another path is lost", by="test_other_paths_are_forbidden")
def test_a_lost_connection_to_another_path(recorder: Recorder) -> None:
    turns = iter([reset()])
    with serve_application(lambda _: next(turns, FORBIDDEN)) as server:
        recorder.green(lambda: check_forbidden(server.url))


def check_sample(application: Callable[[object], Behaviour], *, p99: float = 0.5, errors: float = 1.0) -> None:
    with serve_application(application) as server:
        answers_are_quick_and_sound(
            FrontDoor(server.url),
            path=PATH,
            requests=100,
            p99_limit_seconds=p99,
            error_rate_limit_percent=errors,
        )


def turns(*few: Behaviour, of: int = 100) -> Callable[[object], Behaviour]:
    """Answer well, but for some requests in the middle."""
    left = iter([*[healthy()] * (of // 2), *few])
    return lambda _: next(left, healthy())


@pytest.mark.parametrize(
    ("few", "naming"),
    [
        pytest.param(
            [late(0.6, healthy())] * 2,
            "The slowest 1 % of requests is over the limit of 0.5 s: 2 of",
            marks=pytest.mark.fault("two in a hundred requests take longer than the limit", caught_by=SAMPLE),
        ),
        pytest.param(
            [answer(502)] * 2,
            "2 of 54 requests failed; the limit is 1 %",
            marks=pytest.mark.fault("two in a hundred requests fail", caught_by=SAMPLE),
        ),
        pytest.param(
            [healthy(task="task-two")],
            "Two tasks say that they are active: task-one, task-two",
            marks=pytest.mark.fault("two tasks are active in one term", caught_by=SAMPLE),
        ),
    ],
)
def test_a_sample(few: list[Behaviour], naming: str, recorder: Recorder) -> None:
    recorder.green(lambda: check_sample(turns()))
    naming, _, rest = naming.partition(" of 54")
    text = recorder.red(lambda: check_sample(turns(*few)), naming=naming)
    assert rest in text


@pytest.mark.tolerated("one in a hundred requests fails, and another is slow", by=SAMPLE)
def test_a_sample_within_its_limits(recorder: Recorder) -> None:
    recorder.green(lambda: check_sample(turns(answer(502), late(0.6, healthy()))))


@pytest.mark.tolerated("another task becomes active meanwhile", by=SAMPLE)
def test_a_change_of_leaders(recorder: Recorder) -> None:
    successor = functools.partial(healthy, task="task-two", leader={"age_seconds": 0.1, "epoch": 8})
    recorder.green(lambda: check_sample(turns(*[successor()] * 50)))


def test_a_sample_that_hangs_ends_soon() -> None:
    start = time.monotonic()
    with pytest.raises(CheckFailed, match="requests failed"):
        check_sample(lambda _: hang(), p99=0.05)
    assert time.monotonic() - start < 10, "two time-outs of a second or so, not a hundred"


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with serve_application(lambda _: endless()) as server:
        found = FrontDoor(server.url).get(PATH, seconds=30)
    assert found.problem == "a body of more than 64 KiB"
    assert len(found.body) == BODY_LIMIT
    assert found.seconds < 10
