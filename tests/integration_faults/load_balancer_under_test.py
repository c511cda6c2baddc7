"""The health path as the tests of faults ask for it: patient with what is well, impatient with what never will be."""

import ssl

from typing_extensions import override

from integration_tests.http_checks import health_path_answers
from integration_tests.http_client import REQUEST_SECONDS, FrontDoor
from integration_tests.waiting import LEAST_LOOK_SECONDS, Patience
from tests.faulty_http_server import answer

PATH = "/resourceService/"
NAME = "yawl.example"
FORBIDDEN = answer(403, b"Forbidden")
SECONDS = 0.3
"""How long is waited here for what will not come. A request then has `LEAST_LOOK_SECONDS`."""
WELL_SECONDS = 20.0
"""How long is waited for what comes at once, but for a busy machine."""
SECOND = LEAST_LOOK_SECONDS / 10
"""A second by the measure of a request, which after a deployment may take ten: no single byte is late."""


def patience(seconds: float = SECONDS) -> Patience:
    return Patience(deadline_seconds=seconds, first_pause=0.02, longest_pause=0.1, pause_in_streak=0.0)


class Spent(Patience):
    """A patience that has just come to its end, though the run is as patient as ever with what answers."""

    def __init__(self) -> None:
        super().__init__(deadline_seconds=WELL_SECONDS, first_pause=0.02, longest_pause=0.1, pause_in_streak=0.0)

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
    health_path_answers(
        FrontDoor(url, authorities=authorities),
        path=PATH,
        in_a_row=5,
        patience=patience(seconds),
        request_seconds=request_seconds,
    )


def check_well(url: str, *, authorities: ssl.SSLContext | None = None) -> None:
    """Check the healthy twin."""
    check_health(url, seconds=WELL_SECONDS, authorities=authorities)
