"""Every behavior of a load balancer and its tasks gets its verdict from the tests' own functions, over the loopback."""

from collections.abc import Generator, Mapping

import pytest

from integration_tests import waiting
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.sample import latency_and_errors_are_within_limits
from tests.faulty_http_server import healthy, serve_application
from tests.integration_faults.http_behaviors import (
    FORBIDDING,
    HEALTH,
    SAMPLE,
    UNGUESSABLE,
    Bad,
    Good,
    always,
    bad,
    good,
)
from tests.integration_faults.load_balancer_under_test import (
    HEALTHY_DEADLINE_SECONDS,
    PATH,
    SECONDS,
    check_forbidden,
    check_health,
)
from tests.integration_faults.matrix import Recorder

LATENCY_SECONDS = 30.0
"""Longer than a busy machine pauses; no behavior is slow."""
BAD: Mapping[str, Bad] = bad()
GOOD: Mapping[str, Good] = good()


def check(test: str, url: str, *, released: str | None, seconds: float) -> None:
    """Do what the test of this name does."""
    if test == HEALTH:
        check_health(url, seconds=seconds, released=released)
    elif test == FORBIDDING:
        check_forbidden(url, seconds=seconds, unguessable=UNGUESSABLE)
    else:
        latency_and_errors_are_within_limits(
            HttpClient(url),
            path=PATH,
            requests=100,
            p99_limit_seconds=LATENCY_SECONDS,
            error_rate_limit_percent=1.0,
            released=released,
        )


@pytest.fixture(autouse=True)
def full_probes(longer_probes: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # overridden here
    """Give every probe its full time, because no behavior hangs."""
    monkeypatch.setattr(waiting, "MIN_PROBE_SECONDS", REQUEST_SECONDS)


@pytest.fixture(scope="module")
def healthy_url() -> Generator[str, None, None]:
    """Serve what is as it should be."""
    with serve_application(always(healthy())()) as server:
        yield server.url


@pytest.mark.parametrize(
    "behavior",
    [pytest.param(row, id=name, marks=pytest.mark.fault(name, caught_by=row.by)) for name, row in BAD.items()],
)
def test_bad_behavior_is_detected(behavior: Bad, healthy_url: str, recorder: Recorder) -> None:
    recorder.green(
        lambda: check(behavior.by, healthy_url, released=behavior.released, seconds=HEALTHY_DEADLINE_SECONDS)
    )
    with serve_application(behavior.start()) as server:
        recorder.red(
            lambda: check(behavior.by, server.url, released=behavior.released, seconds=SECONDS),
            message=behavior.message,
        )


@pytest.mark.parametrize(
    "behavior",
    [pytest.param(row, id=name, marks=pytest.mark.tolerated(name, by=SAMPLE)) for name, row in GOOD.items()],
)
def test_good_behavior_passes_every_test(behavior: Good, recorder: Recorder) -> None:
    def run(url: str) -> None:
        for test in (HEALTH, FORBIDDING, SAMPLE):
            check(test, url, released=behavior.released, seconds=HEALTHY_DEADLINE_SECONDS)

    with serve_application(behavior.start()) as server:
        recorder.green(lambda: run(server.url))


def test_there_are_a_hundred_behaviors() -> None:
    assert len(BAD) + len(GOOD) >= 100
