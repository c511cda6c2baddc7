"""One request, bounded in time and size, and everything worth telling about what came back."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from integration_tests.failure import first_bytes

TRACE_HEADER = "x-amzn-trace-id"
"""The header by which a request is found again in the load balancer's access logs; it keeps what the client sends."""
TASK_HEADER = "x-yawl-task"
"""The header in which a task names itself on everything it answers."""

_TELLING_HEADERS = (
    *("server", "via", "date", "cache-control", "age", "x-cache", "retry-after", "allow", TASK_HEADER),
    *("x-amz-cf-id", "x-amz-cf-pop", "x-amz-request-id", "x-amz-bucket-region"),
)
"""Headers of an answer that are shown; whatever else it carries may hold cookies or tokens."""

_PHASES = {
    "connect_tcp": "connecting",
    "start_tls": "agreeing on TLS",
    "send_request_headers": "sending the request",
    "send_request_body": "sending the request",
    "receive_response_headers": "waiting for the answer's headers",
    "receive_response_body": "reading the answer's body",
}


@dataclass(frozen=True, kw_only=True)
class Response:
    """What came back for one request, or why nothing did. What is shown of it has no secrets any more."""

    problem: str | None
    """Why there is no complete answer; None when there is one."""
    status: int
    """0 when not even the headers came."""
    phrase: str
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case names, as sent."""
    body: bytes = field(repr=False)
    """As sent, up to the limit of the request."""
    said: str
    """What the body is said to be, and its beginning, for people."""
    shown_location: str
    """Where a redirect leads, for people: without a query, which may hold a token."""
    shown_headers: str
    request_id: str
    peer: str
    """Whom the connection reached: the resolved address and port, the proxy's when one is in between."""
    seconds: float

    @property
    def status_line(self) -> str:
        """Status and phrase; empty when not even the headers came."""
        return f"{self.status} {self.phrase}".strip() if self.status else ""

    @property
    def content_type(self) -> str:
        """What the body claims to be."""
        return self.headers.get("content-type", "")

    @property
    def location(self) -> str:
        """Where a redirect leads, as sent."""
        return self.headers.get("location", "")

    @property
    def task(self) -> str:
        """The task that answered; empty when it did not say."""
        return self.headers.get(TASK_HEADER, "")

    @property
    def details(self) -> tuple[str, ...]:
        """How the request is found again, and what the answer tells about its way."""
        return (f"request {self.request_id}", *([self.shown_headers] if self.shown_headers else []))

    def __str__(self) -> str:
        """Show the answer in one line."""
        parts = [
            self.status_line,
            self.problem,
            f"{self.seconds:.2f} s from {self.peer}",
            self.shown_location,
            self.said,
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    body_limit: int
    hide: Callable[[str], str]


class HttpCall:
    """One request under way: what it has received so far is told even when it does not end well."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._phase = "starting"
        self._peer = urlsplit(request.url).netloc
        self._received: httpx.Response | None = None
        self._body = bytearray()

    async def run(
        self, *, address: str | None, proxy: str | None, authorities: ssl.SSLContext, seconds: float
    ) -> Response:
        """Send the request and receive the answer, within `seconds`; `address` is None when the proxy finds it."""
        start = time.monotonic()
        problem = None
        try:
            # The total is bounded here; the client's own time-outs start anew with every byte that arrives.
            async with asyncio.timeout(seconds):
                await self._receive(address, proxy, authorities, seconds)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            problem = explain(error, self._phase)
        if len(self._body) > self._request.body_limit:
            problem = f"a body of more than {self._request.body_limit // 1024} KiB"
        return self.response(problem, time.monotonic() - start)

    def response(self, problem: str | None, seconds: float) -> Response:
        """Build the answer from what has been received."""
        request, received = self._request, self._received
        headers = {name.lower(): value for name, value in received.headers.items()} if received else {}
        body = bytes(self._body[: request.body_limit])
        shown = [f"{name}: {headers[name]}" for name in _TELLING_HEADERS if name in headers]
        kind = headers.get("content-type", "")
        return Response(
            problem=problem and request.hide(problem),
            status=received.status_code if received else 0,
            phrase=request.hide(received.reason_phrase) if received else "",
            headers=headers,
            body=body,
            said=request.hide(kind) + (" " if kind else "") + first_bytes(body, hide=request.hide) if received else "",
            shown_location=request.hide(headers.get("location", "").partition("?")[0]),
            shown_headers=request.hide("; ".join(shown)),
            request_id=request.headers[TRACE_HEADER].removeprefix("Root="),
            peer=self._peer,
            seconds=seconds,
        )

    async def _receive(self, address: str | None, proxy: str | None, authorities: ssl.SSLContext, wait: float) -> None:
        request = self._request
        parts = urlsplit(request.url)
        url, headers = request.url, dict(request.headers)
        extensions: dict[str, object] = {"trace": self._trace}
        if address:
            host = f"[{address}]" if ":" in address else address
            port = f":{parts.port}" if parts.port else ""
            url = parts._replace(netloc=host + port).geturl()
            # The address is chosen here; who is asked for, and whose certificate must be shown, is the name.
            headers["host"] = parts.netloc
            extensions["sni_hostname"] = parts.hostname or ""
        client = httpx.AsyncClient(
            verify=authorities, proxy=proxy, trust_env=False, timeout=wait, follow_redirects=False
        )
        async with (
            client,
            client.stream(
                request.method, url, headers=headers, content=request.content or None, extensions=extensions
            ) as response,
        ):
            self._received = response
            async for chunk in response.aiter_raw():
                self._body += chunk
                if len(self._body) > request.body_limit:
                    return

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the request: httpx tells what it does, and with whom."""
        step, _, state = event.partition(".")[2].partition(".")
        if state == "started":
            self._phase = _PHASES.get(step, self._phase)
        elif step == "connect_tcp" and state == "complete":
            address = info["return_value"].get_extra_info("server_addr")
            self._peer = f"{address[0]}:{address[1]}" if address else self._peer


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member)
    cause = error.__cause__ or error.__context__
    if cause:
        yield from _causes(cause)


def explain(error: BaseException, phase: str) -> str:
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
