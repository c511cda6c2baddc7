"""A client of the integration tests that reaches an application of tests/faulty_http_server.py without sockets."""

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typing_extensions import override

from integration_tests import http_call, http_client
from integration_tests.http_call import HttpCall, Response
from integration_tests.http_client import HttpClient
from integration_tests.waiting import Deadline
from tests import faulty_http_server
from tests.fake_clock import FakeClock
from tests.faulty_http_server import Application, Request

URL = "https://yawl.example"
HANGS_SECONDS = 10.0
"""Pauses from here on time out; shorter ones take no time."""
_PAUSE_SECONDS = 0.001
"""Between two requests."""


class InMemoryClient(HttpClient):
    """Each request is complete before the next one starts, also by its clock, however fast the machine is.

    `asked` holds what the application was asked.
    """

    def __init__(self, application: Application, **options: Any) -> None:
        super().__init__(URL, **options)
        self._application = application
        self.asked: list[Request] = []
        self._clock = FakeClock()

    @override
    def _addresses(self, seconds: float) -> list[str | None] | Response:
        return [None]

    @override
    async def _send(self, request: http_call.Request, address: str | None, seconds: float) -> Response:
        started = self._clock.now()
        found = replace(await self._answer(request, seconds), started=started)
        self._clock.sleep(found.seconds + _PAUSE_SECONDS)
        return found

    async def _answer(self, request: http_call.Request, seconds: float) -> Response:
        path = request.url.removeprefix(URL)
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        asked = Request(f"{request.method} {path} HTTP/1.1\r\n{head}\r\n{request.content.decode()}")
        self.asked.append(asked)
        wire, call = _Wire(), HttpCall(request)
        try:
            await self._application(asked)(wire)  # pyrefly: ignore[bad-argument-type]  # as much of a writer as they use
        except TimeoutError:
            return call.response("timed out while waiting for the response headers", seconds)
        if wire.aborted or not wire.sent:
            return call.response("connection reset while waiting for the response headers", 0.001)
        lines, _, body = bytes(wire.sent).partition(b"\r\n\r\n")
        status, *headers = lines.decode("latin-1").split("\r\n")
        pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in headers)]
        call._received = httpx.Response(int(status.split()[1]), headers=pairs)
        call._body += b"" if request.method == "HEAD" else body
        return call.response(None, 0.001)


class _Wire:
    """The part of an asyncio.StreamWriter that behaviours use."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.aborted = False
        self.transport = SimpleNamespace(abort=self._abort)

    def _abort(self) -> None:
        self.aborted = True

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None:
        """Nothing waits to be sent."""

    def get_extra_info(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(setsockopt=_ignore)


def _ignore(*_: object) -> None:
    """Set nothing."""


async def _sleep(seconds: float) -> None:
    if seconds >= HANGS_SECONDS:
        raise TimeoutError


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits, without the cost of an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits for something")


async def _gather(*coroutines: Awaitable[Any]) -> list[Any]:
    return [await coroutine for coroutine in coroutines]


def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the behaviours of tests/faulty_http_server.py pause for no time, or until the request times out."""
    monkeypatch.setattr(faulty_http_server, "asyncio", SimpleNamespace(**vars(asyncio) | {"sleep": _sleep}))
    monkeypatch.setattr(http_client, "asyncio", SimpleNamespace(run=_run, gather=_gather))


def fake_deadline(seconds: float = 60.0) -> Deadline:
    """Return a deadline by a clock that only moves when it is slept on."""
    return Deadline(seconds=seconds, clock=FakeClock())
