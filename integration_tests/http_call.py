"""One HTTP request, bounded in time and size, and its response as reports show it."""

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
"""Identifies the request in the load balancer's access log, which keeps the client's value."""
TASK_HEADER = "x-yawl-task"
"""The response header in which a task gives its name."""

_SHOWN_HEADERS = (
    *("server", "via", "date", "cache-control", "age", "x-cache", "retry-after", "allow", TASK_HEADER),
    *("x-amz-cf-id", "x-amz-cf-pop", "x-amz-request-id", "x-amz-bucket-region"),
)
"""Response headers that reports show; others may hold cookies or tokens."""

_PHASES = {
    "connect_tcp": "connecting",
    "start_tls": "negotiating TLS",
    "send_request_headers": "sending the request",
    "send_request_body": "sending the request",
    "receive_response_headers": "waiting for the response headers",
    "receive_response_body": "reading the response body",
}


@dataclass(frozen=True, kw_only=True)
class Response:
    """The response to a request, or the reason why there is none. Secrets are masked in everything that is shown."""

    problem: str | None
    """Why there is no complete response; None if there is one."""
    status: int
    """0 if no headers arrived."""
    phrase: str
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case names, as sent."""
    body: bytes = field(repr=False)
    """As sent, up to the limit of the request."""
    body_start: str
    """Content type and beginning of the body, for reports."""
    shown_location: str
    """The Location header without its query, which may hold a token."""
    shown_headers: str
    request_id: str
    peer: str
    """Address and port of the connection, the proxy's if there is one."""
    started: float
    """When the request was sent, by the machine's monotonic clock."""
    seconds: float

    @property
    def ended(self) -> float:
        """When the response was complete, by the same clock."""
        return self.started + self.seconds

    @property
    def status_line(self) -> str:
        """Status and phrase; empty if no headers arrived."""
        return f"{self.status} {self.phrase}".strip() if self.status else ""

    @property
    def media_type(self) -> str:
        """The Content-Type header without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def location(self) -> str:
        """The Location header."""
        return self.headers.get("location", "")

    @property
    def task(self) -> str:
        """The task that answered; empty if it gave no name."""
        return self.headers.get(TASK_HEADER, "")

    @property
    def details(self) -> tuple[str, ...]:
        """The request id, and the headers that reports show."""
        return (f"request {self.request_id}", *([self.shown_headers] if self.shown_headers else []))

    def __str__(self) -> str:
        """Show the response in one line."""
        parts = [
            self.status_line,
            self.problem,
            f"{self.seconds:.2f} s from {self.peer}",
            self.shown_location,
            self.body_start,
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to send."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    body_limit: int
    hide: Callable[[str], str]


class HttpCall:
    """A request in progress. It reports what it received even if it fails."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._phase = "starting"
        self._peer = urlsplit(request.url).netloc
        self._received: httpx.Response | None = None
        self._body = bytearray()

    async def run(
        self, *, address: str | None, proxy: str | None, authorities: ssl.SSLContext, seconds: float
    ) -> Response:
        """Send the request within `seconds`; `address` is None if the proxy resolves the name."""
        start = time.monotonic()
        problem = None
        try:
            # httpx's own timeouts restart with every byte that arrives, so the total is bounded here.
            async with asyncio.timeout(seconds):
                await self._receive(address, proxy, authorities, seconds)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            problem = explain(error, self._phase)
        if len(self._body) > self._request.body_limit:
            problem = f"the body is larger than {self._request.body_limit // 1024} KiB"
        return self.response(problem, time.monotonic() - start)

    def response(self, problem: str | None, seconds: float) -> Response:
        """Build the response from what has been received."""
        request, received = self._request, self._received
        headers = {name.lower(): value for name, value in received.headers.items()} if received else {}
        body = bytes(self._body[: request.body_limit])
        shown = [f"{name}: {headers[name]}" for name in _SHOWN_HEADERS if name in headers]
        kind = headers.get("content-type", "")
        return Response(
            problem=problem and request.hide(problem),
            status=received.status_code if received else 0,
            phrase=request.hide(received.reason_phrase) if received else "",
            headers=headers,
            body=body,
            body_start=request.hide(kind) + (" " if kind else "") + first_bytes(body, hide=request.hide)
            if received
            else "",
            shown_location=request.hide(headers.get("location", "").partition("?")[0]),
            shown_headers=request.hide("; ".join(shown)),
            request_id=request.headers[TRACE_HEADER].removeprefix("Root="),
            peer=self._peer,
            started=time.monotonic() - seconds,
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
            # Connect to the chosen address, but send and verify the name.
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
        """Record the phase and the peer, which httpx reports to its trace extension."""
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
    """Describe an error, in equal words for equal faults."""
    for cause in _causes(error):
        match cause:
            case TimeoutError() | httpx.TimeoutException():
                return f"timed out while {phase}"
            case ConnectionRefusedError():
                return "connection refused"
            case socket.gaierror():
                return f"the name does not resolve: {cause.strerror}"
            case ssl.SSLCertVerificationError():
                return f"the certificate is not valid: {cause.verify_message}"
            case ConnectionResetError() | BrokenPipeError():
                return f"connection reset while {phase}"
            case _:
                pass
    return f"{error or type(error).__name__} while {phase}"
