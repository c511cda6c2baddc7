"""HTTP backends of API Gateway: load balancers answer by name or listener; ministack would look for them in DNS."""

import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.emulator.internals import alb, cloudfront, responses, service
from rehearsal.emulator.services import load_balancers, unserved
from rehearsal.gaps import GapKind

Answer = tuple[int, Any, bytes]
READ_SECONDS = 30.0
"""How long a load balancer may take to send an answer; API Gateway waits as long."""
PORTS = {"http": 80, "https": 443}


def register() -> None:
    """Let the APIs of both generations reach the emulated load balancers."""
    for module in map(service, ("apigateway", "apigateway_v1")):
        module._urlopen_async = partial(_open, module._urlopen_async)


async def _open(
    elsewhere: Callable[[Any, float], Awaitable[Answer]], request: urllib.request.Request | str, seconds: float
) -> Answer:
    """Answer a request of an integration, from `elsewhere` if its backend is no load balancer."""
    wanted = request if isinstance(request, urllib.request.Request) else urllib.request.Request(request)  # noqa: S310
    if found := load_balancers.of_listener(wanted.full_url):
        # An HTTP API names the listener, then the path.
        (balancer, port), path = found, wanted.full_url.split("/", 4)[-1].partition("/")[2]
        return await _balance(balancer, port, f"/{path}", wanted)
    url = urlsplit(wanted.full_url)
    if balancer := load_balancers.named((url.hostname or "").lower()):
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        return await _balance(balancer, url.port or PORTS.get(url.scheme, 80), path, wanted)
    try:
        return await elsewhere(request, seconds)
    except urllib.error.HTTPError:
        raise
    except (OSError, ValueError):
        # The emulator reaches no other host; ministack would answer as if the API was configured badly.
        backend = url.hostname or wanted.full_url
        unserved.note(GapKind.WORKLOAD, f"an API needed {backend}, which is outside of the rehearsal")
        if not isinstance(request, urllib.request.Request):
            raise
        return 503, {"Content-Type": "text/plain"}, f"not rehearsed: {backend} is outside of the rehearsal\n".encode()


async def _balance(found: load_balancers.Found, port: int, target: str, wanted: urllib.request.Request) -> Answer:
    path, _, query = target.partition("?")
    body = wanted.data if isinstance(wanted.data, bytes) else b""
    headers = {name.lower(): value for name, value in wanted.header_items()} | {"host": found.balancer["DNSName"]}
    with responses.request_scope(found.account, found.region):
        status, answered, content = await alb.dispatch_request(
            found.balancer,
            wanted.get_method(),
            path,
            headers,
            body,
            parse_qs(query, keep_blank_values=True),
            port,
            raw_query_string=query,
            raw_path=path,
        )
    if not isinstance(content, bytes):
        content = await cloudfront._collect_streaming_body(content, READ_SECONDS)
    return status, answered, content
