"""The HTTP checks that run after a deployment: they pass without a fault, and name each fault."""

import asyncio
import socket
import time

import pytest

from integration_tests import waiting
from integration_tests.failure import CheckFailed, probe_failure
from integration_tests.http_checks import health_path_responds, other_paths_are_forbidden
from integration_tests.http_client import BODY_LIMIT, REQUEST_SECONDS, Call, HttpClient
from integration_tests.waiting import Deadline, History, ProbeResult
from tests.faulty_http_server import (
    PROXY_VARIABLES,
    Behaviour,
    drip,
    hang,
    hang_after_headers,
    healthy,
    reset,
    respond,
    serve,
    unused_port,
)

PATH = "/resourceService/"
DEADLINE_SECONDS = 0.06
SHORT_SECONDS = 0.3
"""A request's limit in tests that reach it; long enough for a busy machine to connect."""
FORBIDDEN = respond(403, b"Forbidden")


def short_deadline(seconds: float = DEADLINE_SECONDS) -> Deadline:
    return Deadline(seconds=seconds, first_pause=0.02, longest_pause=0.05, pause_in_streak=0.0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def full_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every probe its full time, so that pauses of the machine cause no time-out."""
    monkeypatch.setattr(waiting, "MIN_PROBE_SECONDS", REQUEST_SECONDS)


def check_health(
    url: str, *, seconds: float = DEADLINE_SECONDS, consecutive: int = 3, request_seconds: float = REQUEST_SECONDS
) -> None:
    health_path_responds(
        HttpClient(url),
        path=PATH,
        consecutive=consecutive,
        deadline=short_deadline(seconds),
        request_seconds=request_seconds,
    )


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"no HTTP at all\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    "behaviours",
    [
        pytest.param([healthy()], id="active"),
        pytest.param([healthy(role="standby")], id="standby"),
        pytest.param([healthy(), healthy(role="standby", more="than the contract asks for")], id="roles-change"),
        pytest.param([drip(0.0005)], id="slow-but-within-its-time"),
        pytest.param([respond(503), respond(502), reset(), respond(404), healthy()], id="slow-start"),
        pytest.param([healthy(), reset(), healthy()], id="one-lost-connection"),
    ],
)
def test_healthy_environment_passes(behaviours: list[Behaviour]) -> None:
    with serve(*behaviours, elsewhere=FORBIDDEN) as server:
        check_health(server.url, seconds=60.0)
    assert len(server.requests) >= 3


@pytest.mark.parametrize(
    ("behaviours", "named"),
    [
        pytest.param([respond(503, b"starting")], "x 503 Service Unavailable", id="503-always"),
        pytest.param([respond(404)], "x 404 Not Found", id="404"),
        pytest.param(
            [respond(302, location="https://elsewhere.example/login?token=hidden")],
            "x 302 Found to https://elsewhere.example/login: a redirect to another host\n",
            id="redirect",
        ),
        pytest.param([reset()], "connection reset while waiting for the response headers", id="reset"),
        pytest.param([no_http], "illegal status line", id="no-http"),
        pytest.param([respond(200, b"{}", length=90)], "received 2 bytes, expected 90", id="cut-short"),
        pytest.param([respond(200)], "200 OK, but the body is empty", id="empty-body"),
        pytest.param([respond(200, b"<h1>Oops</h1>")], "200 OK, but the body is not JSON", id="error-page"),
        pytest.param([respond(200, b"\xff\xfe\x00")], "200 OK, but the body is not JSON", id="binary"),
        pytest.param([respond(200, b"[" * 60_000)], "200 OK, but the body is not JSON", id="deeply-nested"),
        pytest.param([respond(200, b'"up"')], "but the body is not a JSON object", id="json-of-another-kind"),
        pytest.param([healthy(role=None, engine=None)], "the body lacks role, engine", id="foreign-json"),
        pytest.param([healthy(role="leader")], "the role is neither active nor standby", id="unknown-role"),
        pytest.param([healthy(padding="x" * BODY_LIMIT)], "the body is larger than 64 KiB", id="giant-body"),
        pytest.param([respond(204)], "x 204 No Content", id="no-content"),
    ],
)
def test_fault_is_reported(behaviours: list[Behaviour], named: str) -> None:
    with serve(*behaviours, elsewhere=FORBIDDEN) as server, pytest.raises(CheckFailed) as failure:
        check_health(server.url)
    text = str(failure.value)
    assert "was never healthy within the deadline of 0.06 s" in text
    assert named in text
    assert "hidden" not in text


@pytest.mark.parametrize(
    ("behaviour", "phase"),
    [
        pytest.param(hang(), "waiting for the response headers", id="hang-before-headers"),
        pytest.param(hang_after_headers(), "reading the response body", id="hang-after-headers"),
        pytest.param(drip(0.03), "reading the response body", id="one-byte-at-a-time"),
    ],
)
def test_request_times_out(behaviour: Behaviour, phase: str) -> None:
    with serve(behaviour, elsewhere=FORBIDDEN) as server, pytest.raises(CheckFailed, match=f"timed out while {phase}"):
        check_health(server.url, request_seconds=SHORT_SECONDS)


def test_hang_during_the_start_is_tolerated() -> None:
    with serve(hang(), healthy(), elsewhere=FORBIDDEN) as server:
        check_health(server.url, seconds=60.0, request_seconds=SHORT_SECONDS)


def test_refused_connection_is_reported() -> None:
    with pytest.raises(CheckFailed, match="x connection refused"):
        check_health(f"http://127.0.0.1:{unused_port()}")


def test_unresolvable_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(CheckFailed, match="x the name does not resolve"):
        check_health("http://no-such-name.invalid")


def test_plain_http_on_a_tls_port_is_reported() -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server, pytest.raises(CheckFailed, match="while negotiating TLS"):
        check_health(server.url.replace("http:", "https:"), request_seconds=REQUEST_SECONDS)


def test_flapping_fails_at_once() -> None:
    flaps = [healthy(), healthy(), respond(503), healthy()]
    start = time.monotonic()
    with serve(*flaps, elsewhere=FORBIDDEN) as server, pytest.raises(CheckFailed) as failure:
        check_health(server.url, seconds=30)
    assert "flapping" in str(failure.value)
    assert "2 x as wanted" in str(failure.value)
    assert time.monotonic() - start < 25


def test_failure_is_reported_shortly_after_the_deadline() -> None:
    start = time.monotonic()
    with serve(respond(503), elsewhere=FORBIDDEN) as server, pytest.raises(CheckFailed):
        check_health(server.url, seconds=0.3)
    assert 0.3 <= time.monotonic() - start < REQUEST_SECONDS


def test_failure_fits_one_screen() -> None:
    loud = respond(503, b"\x1b[31mstarting\n" * 50, content_type="text/\x9b31mplain")
    with serve(loud, elsewhere=FORBIDDEN) as server:
        with pytest.raises(CheckFailed) as failure:
            check_health(server.url)
        lines = str(failure.value).splitlines()
        assert [line[:10].strip() for line in lines[2:] if line[2] != " "] == ["asked", "wanted", "got", "last", "next"]
        asked = len(server.requests)
        assert f"GET {server.url}{PATH}, {'once' if asked == 1 else f'{asked} times in'}" in lines[2]
        assert f"from 127.0.0.1:{server.port}" in lines[-3]
        assert "request 1-" in lines[-2]
        assert f"curl -i --max-time 10 {server.url}{PATH}" in lines[-1]
        assert len(lines) < 24
        assert all(line.isprintable() for line in lines)


def test_repeated_observations_are_collapsed() -> None:
    history = History(required_streak=1)
    for at, text in [(0.0, "1 of 2"), (0.5, "1 of 2"), (1.5, "1 of 2"), (2.5, "0 of 2")]:
        history.add(ProbeResult(fault="too few", text=text, next_steps=(f"page of {text}",)), at)
    lines = str(probe_failure(title="", asked="", wanted="", history=history, next_steps=["command"])).splitlines()
    assert lines[-4:] == [
        "  last    at    0.0 s to 1.5 s  1 of 2",
        "          at    2.5 s  0 of 2",
        "  next    page of 0 of 2",
        "          command",
    ]


def test_every_request_has_its_own_connection_and_no_origin_header() -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server:
        check_health(server.url, consecutive=4)
    assert len(server.requests) == 4
    assert all("connection: close" in request.lower() for request in server.requests)
    assert not any("origin" in request.lower() for request in server.requests)


def test_environment_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "http://yawl-dev.eu-central-1.elb.amazonaws.com"
    with serve(healthy(), path=name + PATH, elsewhere=FORBIDDEN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        check_health(name, seconds=60.0)
        other_paths_are_forbidden(HttpClient(name), calls=[Call("GET", "/yawl/ib")], deadline=short_deadline())
    assert len(proxy.requests) == 4


def check_forbidden(url: str, *, seconds: float = DEADLINE_SECONDS) -> None:
    other_paths_are_forbidden(HttpClient(url), calls=[Call("GET", "/yawl/ib")], deadline=short_deadline(seconds))


def test_forbidden_path_passes() -> None:
    with serve(healthy(), elsewhere=FORBIDDEN) as server:
        check_forbidden(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("elsewhere", "named"),
    [
        pytest.param(respond(200, b"<response/>"), "forwards GET /yawl/ib to anybody", id="open"),
        pytest.param(respond(503), "1 x 503 Service Unavailable", id="503-from-the-targets"),
        pytest.param(respond(401), "1 x 401 Unauthorized", id="401"),
    ],
)
def test_open_path_fails_at_once(elsewhere: Behaviour, named: str) -> None:
    with serve(healthy(), elsewhere=elsewhere) as server, pytest.raises(CheckFailed) as failure:
        check_forbidden(server.url)
    assert named in str(failure.value)
    assert len(server.requests) == 1


def test_lost_connection_is_retried() -> None:
    with serve(reset(), reset(), FORBIDDEN, path="/yawl/ib", elsewhere=healthy()) as server:
        check_forbidden(server.url, seconds=60.0)
    assert len(server.requests) == 3


def test_no_response_is_not_a_403() -> None:
    with (
        serve(healthy(), elsewhere=reset()) as server,
        pytest.raises(CheckFailed, match="did not respond to GET /yawl/ib"),
    ):
        check_forbidden(server.url)
