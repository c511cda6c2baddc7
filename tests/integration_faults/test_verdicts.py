"""The whole run: how long it takes, and that every test can both pass and fail."""

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest
import trustme

from integration_tests.credentials import ORIGIN_HEADER
from tests.faulty_http_server import (
    CONTRACT,
    Application,
    Behaviour,
    Request,
    hang,
    healthy,
    respond,
    serve,
    serve_application,
    unused_port,
)
from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.integration_faults.fake_distribution import HEALTH, MISS, STATIC
from tests.integration_faults.full_run import WRONG_VARIABLES, Run, run_all

DEADLINE_SECONDS = 3.0
HEALTHY_SECONDS = 15.0
"""Limit for a healthy environment."""
LATE_SECONDS = 5.0
"""Maximum time after the deadline until the run on a dead environment ends."""

UNLESS_DEAD = {
    "test_other_paths_are_forbidden": "with a guessed secret origin header",
    "test_latency_and_errors_are_within_limits": "Two tasks report that they are active",
    "test_service_is_stable": "the primary deployment runs yawl-dev:1",
    "test_targets_are_healthy": "TargetGroupNotFound from DescribeTargetHealth",
    "test_no_alarm_is_active": "no alarm has this prefix",
    "test_tasks_run_the_release": "from DescribeTaskDefinition",
    "test_database_matches_settings": "Multi-AZ: off, delivery.toml says on",
    "test_password_is_rotated": "days between rotations: 30, delivery.toml says 7",
    "test_cache_matches_settings": "nodes: 1, delivery.toml says 3",
    "test_stacks_are_complete": "ValidationError from DescribeStacks",
    "test_engine_runs_a_process": "Cannot sign in to the engine.",
    "test_only_one_engine_is_active": "Cannot sign in to the engine.",
    "test_http_redirects_to_https": "did not answer within the deadline",
    "test_security_headers_are_set": "lack security headers",
    "test_engine_api_is_closed": "The engine's API is open to the internet",
    "test_dynamic_responses_are_not_cached": "came from the cache",
    "test_static_content_is_cached": "not from the cache",
    "test_static_bucket_denies_direct_reads": "The bucket of static content is public",
}
"""Message of each test if everything responds, but wrongly."""
ONLY_DEAD = {
    "test_health_path_responds": "The health path was never healthy within the deadline of 3 s.",
    "test_health_path_responds_through_cloudfront": "The health path was never healthy within the deadline of 3 s.",
}
"""Messages of the other tests; if they fail, the remaining tests are skipped."""


@contextmanager
def dead(death: str) -> Generator[str, None, None]:
    """Yield the URL of a load balancer without a target."""
    if death == "refuses":
        yield f"http://127.0.0.1:{unused_port()}"
        return
    behaviour = hang() if death == "hangs" else respond(503)
    with serve(behaviour, elsewhere=behaviour) as server:
        yield server.url


def test_healthy_environment_passes_quickly(dev: EnvironmentUnderTest, tmp_path: Path) -> None:
    run = run_all(dev, tmp_path, {"DEADLINE_SECONDS": "300"})
    assert run.code == pytest.ExitCode.OK, run.output
    assert not run.failed
    assert "warning" not in run.output
    assert run.own_seconds <= HEALTHY_SECONDS


@pytest.mark.parametrize("death", ["refuses", "hangs", "answers 503"])
def test_dead_environment_fails_shortly_after_the_deadline(
    death: str, dev: EnvironmentUnderTest, tmp_path: Path
) -> None:
    with dead(death) as url:
        run = run_all(dev, tmp_path, {**WRONG_VARIABLES, "ALB_URL": url, "DEADLINE_SECONDS": str(DEADLINE_SECONDS)})
    assert run.code == pytest.ExitCode.TESTS_FAILED, run.output
    assert {name: text for name, text in ONLY_DEAD.items() if text not in run.screens[name]} == {}
    assert run.seconds >= DEADLINE_SECONDS
    assert run.own_seconds <= DEADLINE_SECONDS + LATE_SECONDS


def faulty_load_balancer() -> Application:
    """Return a load balancer with two active tasks, which accepts any value of the secret header."""
    turns = cycle([healthy(task="task-one"), healthy(task="task-two")])

    def application(request: Request) -> Behaviour:
        if (request.method, request.path) == ("GET", HEALTH) or ORIGIN_HEADER.lower() in request.headers:
            return next(turns)
        return respond(403)

    return application


def faulty_edge(request: Request) -> Behaviour:
    """Cache only dynamic responses, allow all paths, and set no security headers."""
    if request.path == HEALTH:
        return healthy(headers={"X-Cache": "Hit from cloudfront"})
    return respond(200, b"static\n" if request.path == STATIC else b"<response/>", headers=MISS)


@pytest.fixture
def faulty_run(dev: EnvironmentUnderTest, tmp_path: Path) -> Run:
    """Run all tests against servers that respond to everything, but wrongly."""
    authority, server_side = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with (
        serve_application(faulty_load_balancer()) as load_balancer,
        serve_application(faulty_edge, tls=server_side) as edge,
    ):
        variables = {
            **WRONG_VARIABLES,
            "ALB_URL": load_balancer.url,
            "DISTRIBUTION_URL": f"https://localhost:{edge.port}",
            "STATIC_BUCKET": f"https://localhost:{edge.port}",
            "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
            "DEADLINE_SECONDS": str(DEADLINE_SECONDS),
            "RELEASED_VERSION": str(CONTRACT["version"]),
        }
        run = run_all(dev, tmp_path, variables)
        if "timed out" in run.output:
            # No server here is slow: the machine paused for longer than the limit of the last probe.
            run = run_all(dev, tmp_path, variables)
        return run


def test_every_test_has_a_fault_that_fails_it(faulty_run: Run) -> None:
    assert faulty_run.failed == set(UNLESS_DEAD), faulty_run.output
    assert set(faulty_run.screens) == {*UNLESS_DEAD, *ONLY_DEAD}, "a new test needs a row here"
    assert {
        name: faulty_run.screens[name] for name, text in UNLESS_DEAD.items() if text not in faulty_run.screens[name]
    } == {}
