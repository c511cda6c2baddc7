"""The limits of the checks, each from both sides, and what a report leaves out."""

import ast
import asyncio
import re
import ssl
import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typing_extensions import override

from integration_tests import conftest, http_call, http_client
from integration_tests.failure import CheckFailed, check_failure, counted
from integration_tests.http_call import HttpCall, Response
from integration_tests.http_call import Request as SentRequest
from integration_tests.http_checks import health_path_responds, lost, redirect_ending
from integration_tests.http_client import Call
from integration_tests.http_variables import HttpVariables, read_http_variables
from integration_tests.sample import latency_and_errors_are_within_limits
from integration_tests.secret_values import SecretValues
from tests.fake_clock import FakeClock
from tests.faulty_http_server import Behaviour, Request, healthy, raw, respond
from tests.paths import ROOT
from tests.unit.integration_tests.in_memory_client import InMemoryClient, fake_deadline, without_pauses

PATH = "/resourceService/"
MARKS = ("pytest.mark.http", "pytest.mark.aws")
AUTHORITIES = ssl.create_default_context()
REQUIRED = {"ALB_URL": "http://yawl.example", "HEALTH_PATH": PATH}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


def response(status: int = 200, *, location: str = "") -> Response:
    [found] = InMemoryClient(lambda _: respond(status, location=location)).get_everywhere(PATH, seconds=1.0)
    return found


def test_defaults() -> None:
    found, mistakes = read_http_variables(REQUIRED)
    assert (found, mistakes) == (
        HttpVariables(
            environment="yawl.example",
            alb_url="http://yawl.example",
            health_path=PATH,
            released_version=None,
            deadline_seconds=300.0,
            consecutive_successes=5,
            p99_limit_seconds=2.0,
            error_rate_limit_percent=1.0,
            sample_requests=100,
            distribution_url=None,
            static_path="/static/check.txt",
            static_bucket_url=None,
            open_engine_api=False,
        ),
        [],
    )


@pytest.mark.parametrize(
    ("variable", "accepted", "refused"),
    [
        ("DEADLINE_SECONDS", ("0.001", "1", "999999"), ("0", "0.0009", "999999.5", "1000000")),
        ("CONSECUTIVE_SUCCESSES", ("1", "2", "999999"), ("0", "1.5")),
        ("P99_LIMIT_SECONDS", ("0.001", "30"), ("0", "0.0009")),
        ("ERROR_RATE_LIMIT_PERCENT", ("0", "0.5", "100"), ("100.1", "-1")),
        ("SAMPLE_REQUESTS", ("1", "1000"), ("0", "1001", "1.5")),
    ],
)
def test_limits_of_variables(variable: str, accepted: tuple[str, ...], refused: tuple[str, ...]) -> None:
    for value in accepted:
        found, mistakes = read_http_variables(REQUIRED | {variable: value})
        assert mistakes == []
        assert vars(found)[variable.lower()] == float(value)
    for value in refused:
        [mistake] = read_http_variables(REQUIRED | {variable: value})[1]
        assert mistake.startswith(f"{variable} is not ")


def test_five_most_common_faults_are_counted() -> None:
    faults = Counter({f"fault {number}": number for number in range(1, 8)})
    assert counted(faults, good=3) == [
        "  7 x fault 7",
        "  6 x fault 6",
        "  5 x fault 5",
        "  4 x fault 4",
        "  3 x fault 3",
        "    and 2 other faults",
        "  3 x as wanted",
    ]
    assert counted(Counter({f"fault {number}": 1 for number in range(5)}), good=0)[-1] == "  1 x fault 4"


def test_lines_of_a_report_are_cut_after_400_characters() -> None:
    report = check_failure(title="Title", asked="a" * 400, wanted="b" * 401, got=[], last=[], next_steps=[])
    assert str(report).splitlines()[2:] == [f"  asked   {'a' * 400}", f"  wanted  {'b' * 400}"]


@pytest.mark.parametrize(
    ("status", "problem", "is_lost"),
    [
        (0, "connection reset", True),
        (200, "received 2 bytes, expected 90", False),
        (200, None, False),
        (0, None, False),
    ],
)
def test_connection_is_lost_only_before_a_response(status: int, problem: str | None, is_lost: bool) -> None:
    assert lost(replace(response(), status=status, problem=problem)) is is_lost


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        (299, ", which ends with 299"),
        (300, ": a redirect loop"),
        (399, ": a redirect loop"),
        (400, ", which ends with 400 Bad Request"),
    ],
)
def test_redirect_is_followed_while_it_redirects(status: int, ending: str) -> None:
    client = InMemoryClient(lambda _: raw(f"HTTP/1.1 {status} Odd\r\nlocation: /a\r\n\r\n"))
    assert redirect_ending(client, response(302, location="/a")) == ending


class TwoAddresses(InMemoryClient):
    """The load balancer's name has two addresses; `seconds` holds the time that each request gets."""

    clock: FakeClock | None = None
    look_up_seconds = 0.0

    def __init__(self, *behaviours: Behaviour) -> None:
        answers = iter(behaviours * 100)
        super().__init__(lambda _: next(answers))
        self.seconds: list[float] = []

    @override
    def _addresses(self, seconds: float) -> list[str | None] | Response:
        if self.clock:
            self.clock.sleep(self.look_up_seconds)
        return ["192.0.2.1", "192.0.2.2"]

    @override
    async def _send(self, request: SentRequest, address: str | None, seconds: float) -> Response:
        self.seconds.append(seconds)
        return await super()._send(request, address, seconds)


def health_report(client: InMemoryClient, **more: Any) -> str:
    with pytest.raises(CheckFailed) as failure:
        health_path_responds(client, path=PATH, consecutive=2, deadline=fake_deadline(5.0), **more)
    return str(failure.value)


def test_report_says_that_one_address_of_several_is_faulty() -> None:
    assert "(one of 2 addresses)" in health_report(TwoAddresses(healthy(), respond(503)))
    assert "addresses)" not in health_report(InMemoryClient(lambda _: respond(503)))


def test_other_version_is_a_fault_of_a_healthy_response() -> None:
    client = InMemoryClient(lambda _: healthy(version="1.0"))
    assert "version" in health_report(client, released="2.0").partition("\n  got")[2].splitlines()[0]


def test_bad_response_of_the_released_version_is_a_fault() -> None:
    client = InMemoryClient(lambda _: healthy(version="2.0", role="leader"))
    assert "the role is neither" in health_report(client, released="2.0")


def test_look_up_takes_from_the_time_of_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    client = TwoAddresses(healthy())
    client.clock, client.look_up_seconds = FakeClock(), 3.0
    monkeypatch.setattr(http_client, "time", SimpleNamespace(**vars(time) | {"monotonic": client.clock.now}))
    client.get_everywhere(PATH, seconds=10.0)
    assert client.seconds == [7.0, 7.0]


def test_only_a_form_that_is_sent_has_a_content_type() -> None:
    asked: list[Request] = []

    def application(request: Request) -> Behaviour:
        asked.append(request)
        return respond(200)

    client = InMemoryClient(application)
    client.get(PATH, seconds=1.0)
    client.post(PATH, {"action": "connect"}, seconds=1.0)
    assert [one.headers.get("content-type") for one in asked] == [None, "application/x-www-form-urlencoded"]


@pytest.mark.parametrize(
    ("address", "url", "server"),
    [
        (None, "https://yawl.example:8443/a", None),
        ("10.0.0.7", "https://10.0.0.7:8443/a", "yawl.example"),
        ("2001:db8::7", "https://[2001:db8::7]:8443/a", "yawl.example"),
    ],
)
def test_certificate_of_a_chosen_address_is_that_of_the_name(
    address: str | None, url: str, server: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[httpx.Request] = []

    class Transport(httpx.AsyncBaseTransport):
        @override
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(200, stream=httpx.ByteStream(b"a"))

    def client(**options: Any) -> httpx.AsyncClient:
        assert options["verify"] is AUTHORITIES
        assert (options["trust_env"], options["follow_redirects"]) == (False, False)
        return httpx.AsyncClient(transport=Transport())

    monkeypatch.setattr(http_call, "httpx", SimpleNamespace(**vars(httpx) | {"AsyncClient": client}))
    asked = SentRequest(
        method="GET", url="https://yawl.example:8443/a", headers={}, content=b"", body_limit=100, hide=str
    )
    asyncio.run(HttpCall(asked)._receive(address, None, AUTHORITIES, 1.0))
    [one] = sent
    assert (str(one.url), one.headers["host"], one.extensions.get("sni_hostname")) == (
        url,
        "yawl.example:8443",
        server,
    )


@pytest.mark.parametrize(("limit", "seconds"), [(0.1, 1.2), (2.0, 5.0), (4.5, 10.0), (30.0, 10.0)])
def test_sample_waits_longer_than_its_limit(limit: float, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def sample(client: InMemoryClient, path: str, *, count: int, seconds: float, **_: object) -> list[Response]:
        waited.append(seconds)
        return client.ask_all([Call("GET", path)] * count)

    monkeypatch.setattr(InMemoryClient, "sample", sample)
    client = InMemoryClient(lambda _: healthy())
    latency_and_errors_are_within_limits(
        client, path=PATH, requests=100, p99_limit_seconds=limit, error_rate_limit_percent=1
    )
    assert waited == [pytest.approx(seconds)]


def test_every_test_belongs_to_one_part_of_the_environment() -> None:
    parts: dict[str, list[str]] = {}
    for file in (ROOT / "integration_tests").glob("test_*.py"):
        tree = ast.parse(file.read_text())
        of_file = [ast.unparse(node.value) for node in tree.body if isinstance(node, ast.Assign)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = [*of_file, *map(ast.unparse, node.decorator_list)]
                parts[node.name] = [mark for mark in MARKS if f"{mark}," in f"{', '.join(marks)},".replace("]", ",")]
    assert len(parts) > 10
    assert {name: found for name, found in parts.items() if len(found) != 1} == {}


def test_requests_can_be_found_in_the_access_log() -> None:
    client = InMemoryClient(lambda _: respond(200), headers={"x-own": "1"})
    client.get(PATH, seconds=1.0)
    [asked] = client.asked
    # The format of the load balancer's own values (User Guide for Application Load Balancers, "Request tracing").
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", asked.headers["x-amzn-trace-id"])
    names = ("accept-encoding", "user-agent", "connection", "x-own")
    assert [asked.headers[name] for name in names] == ["identity", "integration-tests", "close", "1"]


def fixture_of(name: str, **given: Any) -> Any:
    """Call the function of a fixture of the integration tests."""
    return getattr(conftest, name)._get_wrapped_function()(**given)


def test_each_run_asks_for_a_path_of_its_own() -> None:
    first, second = fixture_of("unguessable"), fixture_of("unguessable")
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{16}", first)


@pytest.mark.parametrize("url", ["http://yawl.example", "https://yawl.example"])
def test_all_checks_share_the_deadline_and_the_address(url: str) -> None:
    variables = read_http_variables(REQUIRED | {"ALB_URL": url, "DEADLINE_SECONDS": "7"})[0]
    assert fixture_of("deadline", variables=variables).seconds == 7
    assert fixture_of("load_balancer", variables=variables, secret_values=SecretValues()).url == url


@pytest.mark.parametrize("name", ["healthy", "through_cloudfront"])
def test_checks_of_an_environment_that_is_not_healthy_fail_at_once(name: str) -> None:
    parameter = {"healthy": "health_failure", "through_cloudfront": "distribution_failure"}[name]
    failure = CheckFailed("not healthy")
    fixture_of(name, **{parameter: None})
    with pytest.raises(CheckFailed, match="not healthy"):
        fixture_of(name, **{parameter: failure})


def test_cloudfront_is_not_asked_if_the_load_balancer_is_not_healthy() -> None:
    failure = CheckFailed("not healthy")
    given = dict[str, Any](distribution=None, variables=None, deadline=None)
    assert fixture_of("distribution_failure", **given, health_failure=failure) is failure
