"""The address that users have, and the ways in which the tests ask it."""

import asyncio
import functools
import itertools
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import httpx

from integration_tests.addresses import addresses_of, proxy_for
from integration_tests.http_call import TRACE_HEADER, HttpCall, Request, Response, explain
from integration_tests.secret_values import SecretValues

BODY_LIMIT = 64 * 1024
"""Bytes of a body that are read; what the container answers on its health path has a few hundred."""
REQUEST_SECONDS = 10.0
"""What a request may take in all: the time-out of the load balancer's own health check."""


class HttpClient:
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

    def get(self, path: str, *, seconds: float = REQUEST_SECONDS) -> Response:
        """Ask for a path; never takes much longer than `seconds`, and never raises what the other side caused."""
        return self._ask_all([self._request("GET", path)], seconds=seconds, everywhere=False)[0]

    def get_all(self, paths: Sequence[str], *, seconds: float = REQUEST_SECONDS) -> list[Response]:
        """Ask for several paths at once."""
        return self._ask_all([self._request("GET", path) for path in paths], seconds=seconds, everywhere=False)

    def get_everywhere(self, path: str, *, seconds: float = REQUEST_SECONDS) -> list[Response]:
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
    ) -> list[Response]:
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
        enough: Callable[[Sequence[Response]], bool],
    ) -> list[Response]:
        """Ask for a path `count` times, `at_once` at a time, or until the answers so far are enough for a verdict."""
        addresses = self._addresses(seconds)
        if isinstance(addresses, Response):
            return [addresses]
        answers: list[Response] = []
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

    def _request(self, method: str, path: str, *, content: bytes = b"", body_limit: int = BODY_LIMIT) -> Request:
        # Uncompressed, so that the limit counts what has to be held.
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

    def _ask_all(self, requests: Sequence[Request], *, seconds: float, everywhere: bool) -> list[Response]:
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
        """Return whom to ask, None being the proxy; or the answer that says why there is nobody."""
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
    """Read the trusted certificates once: it takes longer than a request."""
    return httpx.create_ssl_context()
