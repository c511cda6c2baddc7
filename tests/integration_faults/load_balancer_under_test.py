"""The health path as the tests of faults ask for it: patient with what is well, impatient with what never will be."""

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
"""How long is waited here for what will not come. A request then has `MIN_PROBE_SECONDS`."""
HEALTHY_DEADLINE_SECONDS = 20.0
"""How long is waited for what comes at once, but for a busy machine."""
SECOND = MIN_PROBE_SECONDS / 10
"""A second by the measure of a request, which after a deployment may take ten: no single byte is late."""


def deadline(seconds: float = SECONDS) -> Deadline:
    return Deadline(seconds=seconds, first_pause=0.02, longest_pause=0.1, pause_in_streak=0.0)


class ExpiredDeadline(Deadline):
    """A deadline that has just come to its end, though the run is as patient as ever with what answers."""

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


def check_healthy_twin(url: str, *, authorities: ssl.SSLContext | None = None) -> None:
    """Check the healthy twin."""
    check_health(url, seconds=HEALTHY_DEADLINE_SECONDS, authorities=authorities)
