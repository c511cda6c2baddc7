"""The HTTP client of the tests: bounded requests, one connection each."""

import asyncio
import functools
import itertools
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import httpx

from integration_tests.addresses import addresses_of, proxy_for
from integration_tests.http_call import TRACE_HEADER, HttpCall, Request, Response, explain
from integration_tests.secret_values import SecretValues

BODY_LIMIT = 64 * 1024
"""Maximum bytes of a body; the container's health response has a few hundred."""
REQUEST_SECONDS = 10.0
"""Limit of a whole request: the timeout of the load balancer's own health check."""


class Call(NamedTuple):
    """A method and a path."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class HttpClient:
    """Sends requests to one base URL.

    Each request opens a connection and follows no redirect. Without a proxy in the environment variables, requests go
    to the addresses of the name in turn.
    """

    def __init__(
        self,
        url: str,
        *,
        secret_values: SecretValues | None = None,
        headers: Mapping[str, str] | None = None,
        authorities: ssl.SSLContext | None = None,
    ) -> None:
        """`headers` go with every request; `authorities` defaults to the system's trusted certificates."""
        self.url = url
        self.secret_values = secret_values or SecretValues()
        self._headers = dict(headers or {})
        self._authorities = authorities
        self._proxy = proxy_for(url)
        self._turn = itertools.count()

    def get(self, path: str, *, seconds: float = REQUEST_SECONDS) -> Response:
        """Request a path within `seconds`. Network and HTTP errors are in the response, not raised."""
        return self._send_all([self._request("GET", path)], seconds=seconds, everywhere=False)[0]

    def ask_all(self, calls: Sequence[Call], *, seconds: float = REQUEST_SECONDS) -> list[Response]:
        """Send several requests without a body in parallel."""
        requests = [self._request(call.method, call.path) for call in calls]
        return self._send_all(requests, seconds=seconds, everywhere=False)

    def get_everywhere(self, path: str, *, seconds: float = REQUEST_SECONDS) -> list[Response]:
        """Request a path from every address of the name in parallel; always returns at least one response."""
        return self._send_all([self._request("GET", path)], seconds=seconds, everywhere=True)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        seconds: float = REQUEST_SECONDS,
        body_limit: int = BODY_LIMIT,
        times: int = 1,
    ) -> list[Response]:
        """Post a form, `times` in parallel."""
        content = urlencode(form).encode()
        requests = [self._request("POST", path, content=content, body_limit=body_limit) for _ in range(times)]
        return self._send_all(requests, seconds=seconds, everywhere=False)

    def sample(
        self,
        path: str,
        *,
        count: int,
        at_once: int,
        seconds: float,
        enough: Callable[[Response], bool],
    ) -> list[Response]:
        """Request a path `count` times, `at_once` in parallel, or until a response is `enough`; it is asked of each."""
        addresses = self._addresses(seconds)
        if isinstance(addresses, Response):
            return [addresses]
        responses: list[Response] = []
        turns = iter(range(count))

        stopped = False

        async def work() -> None:
            nonlocal stopped
            for _ in turns:
                response = await self._send(self._request("GET", path), self._next(addresses), seconds)
                responses.append(response)
                stopped = enough(response) or stopped
                if stopped:
                    return

        async def workers() -> None:
            await asyncio.gather(*(work() for _ in range(at_once)))

        asyncio.run(workers())
        return responses

    def _request(self, method: str, path: str, *, content: bytes = b"", body_limit: int = BODY_LIMIT) -> Request:
        # Uncompressed, so that the limit bounds the memory used.
        headers = {"accept-encoding": "identity", "user-agent": "integration-tests", "connection": "close"}
        headers[TRACE_HEADER] = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
        return Request(
            method=method,
            url=self.url + path,
            headers=headers | self._headers,
            content=content,
            body_limit=body_limit,
            hide=self.secret_values.hide,
        )

    def _send_all(self, requests: Sequence[Request], *, seconds: float, everywhere: bool) -> list[Response]:
        start = time.monotonic()
        addresses = self._addresses(seconds)
        if isinstance(addresses, Response):
            return [addresses] * len(requests)
        left = max(seconds - (time.monotonic() - start), 0.001)
        pairs = [
            (request, address)
            for request in requests
            for address in (addresses if everywhere else [self._next(addresses)])
        ]

        async def ask() -> list[Response]:
            return await asyncio.gather(*(self._send(request, address, left) for request, address in pairs))

        return asyncio.run(ask())

    def _addresses(self, seconds: float) -> list[str | None] | Response:
        """Return the addresses, None for the proxy; or a response that says why there is none."""
        if self._proxy:
            return [None]
        start = time.monotonic()
        try:
            return [*addresses_of(self.url, seconds=seconds)]
        except OSError as error:  # a TimeoutError is one
            problem = explain(error, "resolving the name")
            return HttpCall(self._request("GET", "")).response(problem, time.monotonic() - start)

    def _next(self, addresses: Sequence[str | None]) -> str | None:
        return addresses[next(self._turn) % len(addresses)]

    async def _send(self, request: Request, address: str | None, seconds: float) -> Response:
        return await HttpCall(request).run(
            address=address, proxy=self._proxy, authorities=self._authorities or _authorities(), seconds=seconds
        )


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Load the trusted certificates once, because that takes longer than a request."""
    return httpx.create_ssl_context()
