"""Calls the checks of the load balancer: with long deadlines if they must pass, with short ones if they must fail."""

import ssl

from typing_extensions import override

from integration_tests.http_checks import health_path_responds
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.waiting import MIN_PROBE_SECONDS, Deadline
from tests.faulty_http_server import respond

PATH = "/resourceService/"
NAME = "yawl.example"
FORBIDDEN = respond(403, b"Forbidden")
SECONDS = 0.3
"""Deadline of checks that must fail; each request then has `MIN_PROBE_SECONDS`."""
HEALTHY_DEADLINE_SECONDS = 20.0
"""Deadline of checks that must pass, long enough for a busy machine."""
SECOND = MIN_PROBE_SECONDS / 10
"""A second by the measure of a request, which after a deployment may take ten: no single byte is late."""


def deadline(seconds: float = SECONDS) -> Deadline:
    return Deadline(seconds=seconds, first_pause=0.02, longest_pause=0.1, pause_in_streak=0.0)


class ExpiredDeadline(Deadline):
    """A deadline that is about to expire, with normal request limits."""

    def __init__(self) -> None:
        super().__init__(seconds=HEALTHY_DEADLINE_SECONDS, first_pause=0.02, longest_pause=0.1, pause_in_streak=0.0)

    @override
    def remaining(self) -> float:
        return 0.0


def check_health(
    url: str,
    *,
    seconds: float = SECONDS,
    request_seconds: float = REQUEST_SECONDS,
    authorities: ssl.SSLContext | None = None,
) -> None:
    health_path_responds(
        HttpClient(url, authorities=authorities),
        path=PATH,
        consecutive=5,
        deadline=deadline(seconds),
        request_seconds=request_seconds,
    )


def check_without_fault(url: str, *, authorities: ssl.SSLContext | None = None) -> None:
    """Assert that a healthy load balancer passes."""
    check_health(url, seconds=HEALTHY_DEADLINE_SECONDS, authorities=authorities)
