"""Faults of the distribution, and the tests that detect them."""

import ssl
from collections.abc import Callable
from typing import TypeAlias

import pytest
import trustme

from integration_tests import distribution_checks as checks
from integration_tests.http_checks import health_path_responds
from integration_tests.http_client import HttpClient
from integration_tests.waiting import Deadline
from tests.faulty_http_server import Application, Behaviour, hang, healthy, reset, respond, serve_application
from tests.integration_faults.fake_distribution import HARDENED, HEALTH, MISS, STATIC, FakeDistribution
from tests.integration_faults.load_balancer_under_test import (
    HEALTHY_DEADLINE_SECONDS,
    SECONDS,
    ExpiredDeadline,
    deadline,
    resolve,
)
from tests.integration_faults.matrix import Recorder

NAME = "d111111abcdef8.cloudfront.example"


class Authority:
    """A trusted authority that issues the distribution's certificate."""

    def __init__(self) -> None:
        authority = trustme.CA()
        self.trusted = ssl.create_default_context()
        authority.configure_trust(self.trusted)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(NAME).configure_cert(self.server)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


Check: TypeAlias = Callable[[HttpClient, Deadline], None]
Ask: TypeAlias = Callable[[Check, Application, float], None]


@pytest.fixture
def ask(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return a function that runs a check against a distribution over HTTPS."""
    resolve(monkeypatch, {NAME: ["127.0.0.1"]})

    def run(check: Check, edge: Application, seconds: float) -> None:
        with serve_application(edge, tls=authority.server) as server:
            check(HttpClient(f"https://{NAME}:{server.port}", authorities=authority.trusted), deadline(seconds))

    return run


def health(distribution: HttpClient, deadline: Deadline) -> None:
    health_path_responds(
        distribution,
        path=HEALTH,
        consecutive=3,
        deadline=deadline,
        through="The health path through CloudFront",
    )


def headers(distribution: HttpClient, deadline: Deadline) -> None:
    checks.has_security_headers(distribution, path=HEALTH, deadline=deadline)


def closed(distribution: HttpClient, deadline: Deadline) -> None:
    checks.engine_api_is_closed(distribution, unguessable="0a1b", deadline=deadline)


def not_kept(distribution: HttpClient, deadline: Deadline) -> None:
    checks.dynamic_responses_are_not_cached(distribution, path=HEALTH, deadline=deadline)


def kept(distribution: HttpClient, deadline: Deadline) -> None:
    checks.static_content_is_cached(distribution, path=STATIC, deadline=deadline)


def well(**more: str) -> Behaviour:
    return healthy(headers=HARDENED | MISS | {name.replace("_", "-"): value for name, value in more.items()})


def fault(name: str, by: str, check: Check, edge: FakeDistribution, message: str) -> object:
    return pytest.param(check, edge, message, id=name, marks=pytest.mark.fault(name, caught_by=by))


@pytest.mark.parametrize(
    ("check", "edge", "message"),
    [
        fault(
            "the distribution cannot reach the load balancer",
            "test_health_path_responds_through_cloudfront",
            health,
            FakeDistribution(faulty={HEALTH: respond(504, b"<H1>504 Gateway Timeout</H1>", headers=MISS)}),
            "504 Gateway Timeout",
        ),
        fault(
            "the distribution hangs",
            "test_health_path_responds_through_cloudfront",
            health,
            FakeDistribution(faulty={HEALTH: hang()}),
            "timed out while waiting",
        ),
        *(
            fault(
                f"the header {name} is missing",
                "test_security_headers_are_set",
                headers,
                FakeDistribution(without=name),
                f"missing or weak: {name.lower()}",
            )
            for name in HARDENED
        ),
        fault(
            "browsers are to forget HTTPS after a minute",
            "test_security_headers_are_set",
            headers,
            FakeDistribution(faulty={HEALTH: well(Strict_Transport_Security="max-age=60")}),
            "missing or weak: strict-transport-security",
        ),
        fault(
            "the engine's own API passes the distribution",
            "test_engine_api_is_closed",
            closed,
            FakeDistribution(faulty={"/yawl/ib": respond(200, b"<response/>")}),
            "The engine's API is open to the internet",
        ),
        fault(
            "a dynamic answer comes out of the cache",
            "test_dynamic_responses_are_not_cached",
            not_kept,
            FakeDistribution(faulty={HEALTH: well(X_Cache="Hit from cloudfront")}),
            "from the cache: Hit from cloudfront",
        ),
        fault(
            "a dynamic answer has an age",
            "test_dynamic_responses_are_not_cached",
            not_kept,
            FakeDistribution(faulty={HEALTH: well(Age="17")}),
            "the response was cached: Age 17",
        ),
        fault(
            "static content is missing",
            "test_static_content_is_cached",
            kept,
            FakeDistribution(faulty={STATIC: respond(403, b"<Error><Code>AccessDenied</Code></Error>", headers=MISS)}),
            "403 Forbidden",
        ),
        fault(
            "static content is asked of the bucket every time",
            "test_static_content_is_cached",
            kept,
            FakeDistribution(misses=1000),
            "not from the cache: X-Cache Miss from cloudfront",
        ),
    ],
)
def test_distribution_fault(check: Check, edge: FakeDistribution, message: str, ask: Ask, recorder: Recorder) -> None:
    recorder.green(lambda: ask(check, FakeDistribution(), HEALTHY_DEADLINE_SECONDS))
    text = recorder.red(lambda: ask(check, edge, SECONDS), message=message)
    assert f"https://{NAME}" in text
    assert "from 127.0.0.1:" in text


def check_redirect(behaviour: Behaviour) -> None:
    with serve_application(lambda _: behaviour) as server:
        checks.redirects_to_https(HttpClient(server.url), path=HEALTH, deadline=deadline(HEALTHY_DEADLINE_SECONDS))


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        pytest.param(
            well(),
            "200 OK instead of a redirect",
            marks=pytest.mark.fault("plain HTTP is answered", caught_by="test_http_redirects_to_https"),
        ),
        pytest.param(
            respond(301, location="https://elsewhere.example" + HEALTH),
            "a redirect to https://elsewhere.example",
            marks=pytest.mark.fault("plain HTTP leads to another host", caught_by="test_http_redirects_to_https"),
        ),
        pytest.param(
            respond(301, location="http://127.0.0.1" + HEALTH),
            "a redirect to http://127.0.0.1",
            marks=pytest.mark.fault("plain HTTP leads to plain HTTP", caught_by="test_http_redirects_to_https"),
        ),
    ],
)
def test_plain_http(behaviour: Behaviour, message: str, recorder: Recorder) -> None:
    recorder.green(lambda: check_redirect(respond(301, location="https://127.0.0.1" + HEALTH)))
    recorder.red(lambda: check_redirect(behaviour), message=message)


def check_bucket(behaviour: Behaviour) -> None:
    with serve_application(lambda _: behaviour) as server:
        checks.bucket_denies_reads(HttpClient(server.url), path=STATIC, deadline=deadline(HEALTHY_DEADLINE_SECONDS))


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        pytest.param(
            respond(200, b"static\n"),
            "The bucket of static content is public",
            marks=pytest.mark.fault(
                "the bucket of static content is public", caught_by="test_static_bucket_denies_direct_reads"
            ),
        ),
        pytest.param(
            respond(404, b"<Error><Code>NoSuchBucket</Code></Error>"),
            "404 Not Found instead of 403",
            marks=pytest.mark.fault(
                "the bucket of static content is another one", caught_by="test_static_bucket_denies_direct_reads"
            ),
        ),
    ],
)
def test_bucket_fault(behaviour: Behaviour, message: str, recorder: Recorder) -> None:
    recorder.green(lambda: check_bucket(respond(403, b"<Error><Code>AccessDenied</Code></Error>")))
    recorder.red(lambda: check_bucket(behaviour), message=message)


@pytest.mark.tolerated("an edge keeps static content only after some answers", by="test_static_content_is_cached")
def test_cold_cache(ask: Ask, recorder: Recorder) -> None:
    recorder.green(lambda: ask(kept, FakeDistribution(misses=3), HEALTHY_DEADLINE_SECONDS))


@pytest.mark.tolerated("an edge is cold when the deadline has just passed", by="test_static_content_is_cached")
def test_cold_cache_of_a_slow_environment(ask: Ask, recorder: Recorder) -> None:
    recorder.green(
        lambda: ask(lambda distribution, _: kept(distribution, ExpiredDeadline()), FakeDistribution(misses=3), SECONDS)
    )


@pytest.mark.tolerated("one connection to the distribution is lost", by="test_security_headers_are_set")
def test_lost_connection(ask: Ask, recorder: Recorder) -> None:
    first = iter([reset()])

    recorder.green(lambda: ask(headers, lambda _: next(first, None) or well(), HEALTHY_DEADLINE_SECONDS))
