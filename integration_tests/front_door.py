"""One bounded HTTP request at the address that users have, and everything worth telling about its answer."""

import asyncio
import functools
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from integration_tests.failure import first_bytes

BODY_LIMIT = 64 * 1024
"""Bytes of a body that are read; what the container answers has a few hundred."""
REQUEST_SECONDS = 10.0
"""What a request may take in all: the time-out of the load balancer's own health check."""

_PHASES = {
    "connect_tcp": "connecting",
    "start_tls": "agreeing on TLS",
    "send_request_headers": "sending the request",
    "receive_response_headers": "waiting for the answer's headers",
    "receive_response_body": "reading the answer's body",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one request, or why nothing did."""

    problem: str | None
    """Why there is no complete answer; None when there is one."""
    status: int
    """0 when not even the headers came."""
    phrase: str
    content_type: str
    location: str
    body: bytes
    """At most `BODY_LIMIT` bytes, as sent."""
    peer: str
    """Whom the connection reached: the resolved address and port, the proxy's when one is in between."""
    seconds: float

    @property
    def status_line(self) -> str:
        """Status and phrase; empty when not even the headers came."""
        return f"{self.status} {self.phrase}".strip() if self.status else ""

    def __str__(self) -> str:
        """Show the answer in one line."""
        said = " ".join(part for part in (self.content_type, first_bytes(self.body)) if part) if self.status else ""
        parts = [self.status_line, self.problem, f"{self.seconds:.2f} s from {self.peer}", self.location, said]
        return ", ".join(part for part in parts if part)


class FrontDoor:
    """The address all requests of a run go to.

    Every request has a connection of its own and follows no redirect. A proxy is used when the environment names one.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, *, seconds: float = REQUEST_SECONDS) -> Answer:
        """Ask for a path; never takes much longer than `seconds`, and never raises what the other side caused."""
        return asyncio.run(_Request(self.url + path).send(seconds))


class _Request:
    """One request under way: what it has received so far is told even when it does not end well."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._phase = "starting"
        self._peer = urlsplit(url).netloc
        self._response: httpx.Response | None = None
        self._body = bytearray()

    async def send(self, seconds: float) -> Answer:
        start = time.monotonic()
        problem = None
        try:
            # The total is bounded here; the client's own time-outs start anew with every byte that arrives.
            async with asyncio.timeout(seconds):
                await self._receive(seconds)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            problem = _explain(error, self._phase)
        if len(self._body) > BODY_LIMIT:
            problem = f"a body of more than {BODY_LIMIT // 1024} KiB"
        response = self._response
        return Answer(
            problem=problem,
            status=response.status_code if response else 0,
            phrase=response.reason_phrase if response else "",
            content_type=response.headers.get("content-type", "") if response else "",
            location=response.headers.get("location", "").partition("?")[0] if response else "",
            body=bytes(self._body[:BODY_LIMIT]),
            peer=self._peer,
            seconds=time.monotonic() - start,
        )

    async def _receive(self, seconds: float) -> None:
        # Uncompressed, so that the limit counts what has to be held.
        headers = {"accept-encoding": "identity", "user-agent": "integration-tests", "connection": "close"}
        async with (
            httpx.AsyncClient(verify=_trusted_authorities(), timeout=seconds, follow_redirects=False) as client,
            client.stream("GET", self._url, headers=headers, extensions={"trace": self._trace}) as response,
        ):
            self._response = response
            async for chunk in response.aiter_raw():
                self._body += chunk
                if len(self._body) > BODY_LIMIT:
                    return

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the request: httpx tells what it does, and with whom."""
        step, _, state = event.partition(".")[2].partition(".")
        if state == "started":
            self._phase = _PHASES.get(step, self._phase)
        elif step == "connect_tcp" and state == "complete":
            address = info["return_value"].get_extra_info("server_addr")
            self._peer = f"{address[0]}:{address[1]}" if address else self._peer


@functools.cache
def _trusted_authorities() -> ssl.SSLContext:
    """Read the trusted certificates once: it takes longer than a request."""
    return httpx.create_ssl_context()


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member)
    cause = error.__cause__ or error.__context__
    if cause:
        yield from _causes(cause)


def _explain(error: BaseException, phase: str) -> str:
    """Name a fault in words that are equal for equal faults."""
    for cause in _causes(error):
        match cause:
            case TimeoutError() | httpx.TimeoutException():
                return f"timed out while {phase}"
            case ConnectionRefusedError():
                return "connection refused"
            case socket.gaierror():
                return f"the name does not resolve: {cause.strerror}"
            case ssl.SSLCertVerificationError():
                return f"the certificate is refused: {cause.verify_message}"
            case ConnectionResetError() | BrokenPipeError():
                return f"connection reset while {phase}"
            case _:
                pass
    return f"{error or type(error).__name__} while {phase}"
