"""A distribution gone wrong, and the tests that notice it."""

import ssl
from collections.abc import Callable
from typing import TypeAlias

import pytest
import trustme

from integration_tests import distribution_checks as checks
from integration_tests.http_checks import health_path_answers
from integration_tests.http_client import FrontDoor
from integration_tests.waiting import Patience
from tests.faulty_http_server import Application, Behaviour, answer, hang, healthy, reset, serve_application
from tests.integration_faults.fake_distribution import HARDENED, HEALTH, MISS, STATIC, ToyEdge
from tests.integration_faults.fake_dns import resolve
from tests.integration_faults.load_balancer_under_test import SECONDS, WELL_SECONDS, Spent, patience
from tests.integration_faults.matrix import Recorder

NAME = "d111111abcdef8.cloudfront.example"


class Authority:
    """Signs the distribution's certificate; what it signs is trusted."""

    def __init__(self) -> None:
        authority = trustme.CA()
        self.trusted = ssl.create_default_context()
        authority.configure_trust(self.trusted)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(NAME).configure_cert(self.server)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


Check: TypeAlias = Callable[[FrontDoor, Patience], None]
Ask: TypeAlias = Callable[[Check, Application, float], None]


@pytest.fixture
def ask(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Give what runs a check against a distribution, over HTTPS."""
    resolve(monkeypatch, {NAME: ["127.0.0.1"]})

    def run(check: Check, edge: Application, seconds: float) -> None:
        with serve_application(edge, tls=authority.server) as server:
            check(FrontDoor(f"https://{NAME}:{server.port}", authorities=authority.trusted), patience(seconds))

    return run


def health(distribution: FrontDoor, patience: Patience) -> None:
    health_path_answers(
        distribution,
        path=HEALTH,
        in_a_row=3,
        patience=patience,
        through="The health path through CloudFront",
    )


def headers(distribution: FrontDoor, patience: Patience) -> None:
    checks.carries_security_headers(distribution, path=HEALTH, patience=patience)


def closed(distribution: FrontDoor, patience: Patience) -> None:
    checks.engine_api_is_closed(distribution, path="/yawl/ib", patience=patience)


def not_kept(distribution: FrontDoor, patience: Patience) -> None:
    checks.dynamic_answers_are_not_kept(distribution, path=HEALTH, patience=patience)


def kept(distribution: FrontDoor, patience: Patience) -> None:
    checks.static_content_is_kept(distribution, path=STATIC, patience=patience)


def well(**more: str) -> Behaviour:
    return healthy(headers=HARDENED | MISS | {name.replace("_", "-"): value for name, value in more.items()})


def fault(name: str, by: str, check: Check, edge: ToyEdge, naming: str) -> object:
    return pytest.param(check, edge, naming, id=name, marks=pytest.mark.fault(name, caught_by=by))


@pytest.mark.parametrize(
    ("check", "edge", "naming"),
    [
        fault(
            "the distribution cannot reach the load balancer",
            "test_health_path_answers_through_cloudfront",
            health,
            ToyEdge(sick={HEALTH: answer(504, b"<H1>504 Gateway Timeout</H1>", headers=MISS)}),
            "504 Gateway Timeout",
        ),
        fault(
            "the distribution hangs",
            "test_health_path_answers_through_cloudfront",
            health,
            ToyEdge(sick={HEALTH: hang()}),
            "timed out while waiting",
        ),
        *(
            fault(
                f"the header {name} is missing",
                "test_security_headers_are_there",
                headers,
                ToyEdge(without=name),
                f"missing or weak: {name.lower()}",
            )
            for name in HARDENED
        ),
        fault(
            "browsers are to forget HTTPS after a minute",
            "test_security_headers_are_there",
            headers,
            ToyEdge(sick={HEALTH: well(Strict_Transport_Security="max-age=60")}),
            "missing or weak: strict-transport-security",
        ),
        fault(
            "the engine's own API passes the distribution",
            "test_engine_api_is_closed",
            closed,
            ToyEdge(sick={"/yawl/ib": answer(200, b"<response/>")}),
            "The engine's own API is open to the internet",
        ),
        fault(
            "a dynamic answer comes out of the cache",
            "test_dynamic_answers_are_not_kept",
            not_kept,
            ToyEdge(sick={HEALTH: well(X_Cache="Hit from cloudfront")}),
            "out of the cache: Hit from cloudfront",
        ),
        fault(
            "a dynamic answer has an age",
            "test_dynamic_answers_are_not_kept",
            not_kept,
            ToyEdge(sick={HEALTH: well(Age="17")}),
            "the answer is kept: Age 17",
        ),
        fault(
            "static content is missing",
            "test_static_content_is_kept",
            kept,
            ToyEdge(sick={STATIC: answer(403, b"<Error><Code>AccessDenied</Code></Error>", headers=MISS)}),
            "403 Forbidden",
        ),
        fault(
            "static content is asked of the bucket every time",
            "test_static_content_is_kept",
            kept,
            ToyEdge(misses=1000),
            "not out of the cache: X-Cache Miss from cloudfront",
        ),
    ],
)
def test_a_fault_of_the_distribution(check: Check, edge: ToyEdge, naming: str, ask: Ask, recorder: Recorder) -> None:
    recorder.green(lambda: ask(check, ToyEdge(), WELL_SECONDS))
    text = recorder.red(lambda: ask(check, edge, SECONDS), naming=naming)
    assert f"https://{NAME}" in text
    assert "from 127.0.0.1:" in text


def check_redirect(behaviour: Behaviour) -> None:
    with serve_application(lambda _: behaviour) as server:
        checks.redirects_to_https(FrontDoor(server.url), path=HEALTH, patience=patience(WELL_SECONDS))


@pytest.mark.parametrize(
    ("behaviour", "naming"),
    [
        pytest.param(
            well(),
            "200 OK instead of a redirect",
            marks=pytest.mark.fault("plain HTTP is answered", caught_by="test_plain_http_leads_to_https"),
        ),
        pytest.param(
            answer(301, location="https://elsewhere.example" + HEALTH),
            "a redirect to https://elsewhere.example",
            marks=pytest.mark.fault("plain HTTP leads to another host", caught_by="test_plain_http_leads_to_https"),
        ),
        pytest.param(
            answer(301, location="http://127.0.0.1" + HEALTH),
            "a redirect to http://127.0.0.1",
            marks=pytest.mark.fault("plain HTTP leads to plain HTTP", caught_by="test_plain_http_leads_to_https"),
        ),
    ],
)
def test_plain_http(behaviour: Behaviour, naming: str, recorder: Recorder) -> None:
    recorder.green(lambda: check_redirect(answer(301, location="https://127.0.0.1" + HEALTH)))
    recorder.red(lambda: check_redirect(behaviour), naming=naming)


def check_bucket(behaviour: Behaviour) -> None:
    with serve_application(lambda _: behaviour) as server:
        checks.bucket_refuses(FrontDoor(server.url), path=STATIC, patience=patience(WELL_SECONDS))


@pytest.mark.parametrize(
    ("behaviour", "naming"),
    [
        pytest.param(
            answer(200, b"static\n"),
            "The bucket of static content answers anybody",
            marks=pytest.mark.fault(
                "the bucket of static content is public", caught_by="test_static_bucket_refuses_direct_reads"
            ),
        ),
        pytest.param(
            answer(404, b"<Error><Code>NoSuchBucket</Code></Error>"),
            "404 Not Found instead of 403",
            marks=pytest.mark.fault(
                "the bucket of static content is another one", caught_by="test_static_bucket_refuses_direct_reads"
            ),
        ),
    ],
)
def test_the_bucket(behaviour: Behaviour, naming: str, recorder: Recorder) -> None:
    recorder.green(lambda: check_bucket(answer(403, b"<Error><Code>AccessDenied</Code></Error>")))
    recorder.red(lambda: check_bucket(behaviour), naming=naming)


@pytest.mark.tolerated("an edge keeps static content only after some answers", by="test_static_content_is_kept")
def test_a_cold_cache(ask: Ask, recorder: Recorder) -> None:
    recorder.green(lambda: ask(kept, ToyEdge(misses=3), WELL_SECONDS))


@pytest.mark.tolerated("an edge is cold when the deadline has just passed", by="test_static_content_is_kept")
def test_a_cold_cache_of_a_late_environment(ask: Ask, recorder: Recorder) -> None:
    recorder.green(lambda: ask(lambda distribution, _: kept(distribution, Spent()), ToyEdge(misses=3), SECONDS))


@pytest.mark.tolerated("one connection to the distribution is lost", by="test_security_headers_are_there")
def test_a_lost_connection(ask: Ask, recorder: Recorder) -> None:
    first = iter([reset()])

    recorder.green(lambda: ask(headers, lambda _: next(first, None) or well(), WELL_SECONDS))
