"""Bounded HTTP requests at an address that users have, and everything worth telling about the answers."""

import asyncio
import functools
import itertools
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from integration_tests.addresses import addresses_of, proxy_for
from integration_tests.failure import first_bytes
from integration_tests.secret_values import SecretValues

BODY_LIMIT = 64 * 1024
"""Bytes of a body that are read; what the container answers on its health path has a few hundred."""
REQUEST_SECONDS = 10.0
"""What a request may take in all: the time-out of the load balancer's own health check."""
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
class Answer:
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


class FrontDoor:
    """The address all requests of a run go to.

    Every request has a connection of its own and follows no redirect. A proxy is used when the environment names one;
    without one each request goes to the next of the addresses that the name has.
    """

    def __init__(
        self,
        url: str,
        *,
        secret_values: SecretValues | None = None,
        headers: Mapping[str, str] | None = None,
        authorities: ssl.SSLContext | None = None,
    ) -> None:
        """`headers` go with every request; `authorities` are the trusted ones, of the system when not given."""
        self.url = url
        self.secret_values = secret_values or SecretValues()
        self._headers = dict(headers or {})
        self._authorities = authorities
        self._proxy = proxy_for(url)
        self._turn = itertools.count()

    def get(self, path: str, *, seconds: float = REQUEST_SECONDS) -> Answer:
        """Ask for a path; never takes much longer than `seconds`, and never raises what the other side caused."""
        return self._ask_all([self._request("GET", path)], seconds=seconds, everywhere=False)[0]

    def get_all(self, paths: Sequence[str], *, seconds: float = REQUEST_SECONDS) -> list[Answer]:
        """Ask for several paths at once."""
        return self._ask_all([self._request("GET", path) for path in paths], seconds=seconds, everywhere=False)

    def get_everywhere(self, path: str, *, seconds: float = REQUEST_SECONDS) -> list[Answer]:
        """Ask every address that the name has, at once; at least one answer, if only that the name does not resolve."""
        return self._ask_all([self._request("GET", path)], seconds=seconds, everywhere=True)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        seconds: float = REQUEST_SECONDS,
        body_limit: int = BODY_LIMIT,
        times: int = 1,
    ) -> list[Answer]:
        """Send a form, `times` at once."""
        content = urlencode(form).encode()
        requests = [self._request("POST", path, content=content, body_limit=body_limit) for _ in range(times)]
        return self._ask_all(requests, seconds=seconds, everywhere=False)

    def sample(
        self,
        path: str,
        *,
        count: int,
        at_once: int,
        seconds: float,
        enough: Callable[[Sequence[Answer]], bool],
    ) -> list[Answer]:
        """Ask for a path `count` times, `at_once` at a time, or until the answers so far are enough for a verdict."""
        addresses = self._addresses(seconds)
        if isinstance(addresses, Answer):
            return [addresses]
        answers: list[Answer] = []
        turns = iter(range(count))

        async def work() -> None:
            for _ in turns:
                if enough(answers):
                    return
                answers.append(await self._send(self._request("GET", path), self._next(addresses), seconds))

        async def workers() -> None:
            await asyncio.gather(*(work() for _ in range(at_once)))

        asyncio.run(workers())
        return answers

    def _request(self, method: str, path: str, *, content: bytes = b"", body_limit: int = BODY_LIMIT) -> "_Request":
        # Uncompressed, so that the limit counts what has to be held.
        headers = {"accept-encoding": "identity", "user-agent": "integration-tests", "connection": "close"}
        headers[TRACE_HEADER] = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
        return _Request(
            method=method,
            url=self.url + path,
            headers=headers | self._headers,
            content=content,
            body_limit=body_limit,
            hide=self.secret_values.hide,
        )

    def _ask_all(self, requests: Sequence["_Request"], *, seconds: float, everywhere: bool) -> list[Answer]:
        start = time.monotonic()
        addresses = self._addresses(seconds)
        if isinstance(addresses, Answer):
            return [addresses] * len(requests)
        left = max(seconds - (time.monotonic() - start), 0.001)
        pairs = [
            (request, address)
            for request in requests
            for address in (addresses if everywhere else [self._next(addresses)])
        ]

        async def ask() -> list[Answer]:
            return await asyncio.gather(*(self._send(request, address, left) for request, address in pairs))

        return asyncio.run(ask())

    def _addresses(self, seconds: float) -> list[str | None] | Answer:
        """Return whom to ask, None being the proxy; or the answer that says why there is nobody."""
        if self._proxy:
            return [None]
        start = time.monotonic()
        try:
            return [*addresses_of(self.url, seconds=seconds)]
        except OSError as error:  # a TimeoutError is one
            problem = explain(error, "resolving the name")
            return _Exchange(self._request("GET", "")).answer(problem, time.monotonic() - start)

    def _next(self, addresses: Sequence[str | None]) -> str | None:
        return addresses[next(self._turn) % len(addresses)]

    async def _send(self, request: "_Request", address: str | None, seconds: float) -> Answer:
        return await _Exchange(request).run(
            address=address, proxy=self._proxy, authorities=self._authorities or _authorities(), seconds=seconds
        )


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What is asked."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    body_limit: int
    hide: Callable[[str], str]


class _Exchange:
    """One request under way: what it has received so far is told even when it does not end well."""

    def __init__(self, request: _Request) -> None:
        self._request = request
        self._phase = "starting"
        self._peer = urlsplit(request.url).netloc
        self._response: httpx.Response | None = None
        self._body = bytearray()

    async def run(
        self, *, address: str | None, proxy: str | None, authorities: ssl.SSLContext, seconds: float
    ) -> Answer:
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
        return self.answer(problem, time.monotonic() - start)

    def answer(self, problem: str | None, seconds: float) -> Answer:
        """Build the answer from what has been received."""
        request, response = self._request, self._response
        headers = {name.lower(): value for name, value in response.headers.items()} if response else {}
        body = bytes(self._body[: request.body_limit])
        shown = [f"{name}: {headers[name]}" for name in _TELLING_HEADERS if name in headers]
        kind = headers.get("content-type", "")
        return Answer(
            problem=problem and request.hide(problem),
            status=response.status_code if response else 0,
            phrase=request.hide(response.reason_phrase) if response else "",
            headers=headers,
            body=body,
            said=request.hide(kind) + (" " if kind else "") + first_bytes(body, hide=request.hide) if response else "",
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
            self._response = response
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


@functools.cache
def _authorities() -> ssl.SSLContext:
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
