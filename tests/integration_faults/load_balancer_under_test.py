"""Calls the checks of the load balancer: with long deadlines if they must pass, with short ones if they must fail."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial

import pytest
from typing_extensions import override

from integration_tests.credentials import ORIGIN_HEADER
from integration_tests.http_checks import closed_calls, health_path_responds, other_paths_are_forbidden
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
    released: str | None = None,
) -> None:
    health_path_responds(
        HttpClient(url, authorities=authorities),
        path=PATH,
        consecutive=5,
        deadline=deadline(seconds),
        request_seconds=request_seconds,
        released=released,
    )


def check_forbidden(url: str, *, seconds: float = SECONDS, unguessable: str = "0a1b") -> None:
    """Send requests as the integration tests do: without the secret header, and with a guessed one."""
    calls = closed_calls(PATH, unguessable=unguessable)
    forbidding = partial(other_paths_are_forbidden, calls=calls, deadline=deadline(seconds))
    forbidding(HttpClient(url))
    forbidding(HttpClient(url, headers={ORIGIN_HEADER: "a guess"}), header="with a guessed secret origin header")


def check_without_fault(url: str, *, authorities: ssl.SSLContext | None = None) -> None:
    """Assert that a healthy load balancer passes."""
    check_health(url, seconds=HEALTHY_DEADLINE_SECONDS, authorities=authorities)


def resolve(monkeypatch: pytest.MonkeyPatch, names: Mapping[str, Sequence[str]]) -> None:
    """Resolve these names to these addresses; a name without an address does not resolve."""
    ask = socket.getaddrinfo

    def fake_getaddrinfo(host: str, port: int, *arguments: int, type: int = 0) -> list[object]:  # noqa: A002  # as it is called
        if host not in names:
            return list(ask(host, port, *arguments, type=type))
        if not names[host]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, type, 0, "", (address, port)) for address in names[host]]

    monkeypatch.setattr(socket, "getaddrinfo", fake_getaddrinfo)
