"""CloudFront: adds a cache, and origins in any account, to ministack's distributions.

ministack applies a behavior's settings, functions and policies. Its requests to origins pass through `_fetch`, at the
place of CloudFront's cache: after the viewer request function, before the viewer response function.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from rehearsal.emulator.internals import cloudfront, here, iam_evaluator, responses, s3
from rehearsal.emulator.services import load_balancers, unserved
from rehearsal.emulator.services.edge_cache import EdgeCache, OriginAnswer, key_parts, lifetime
from rehearsal.gaps import GapKind

Answer = tuple[int, dict[str, Any], bytes]
"""Status, headers and body."""

PARTIAL = {"range", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"}
"""Requests with these headers bypass the cache, which holds only whole answers."""

_fetch_from_origin = cloudfront._fetch_from_origin
_cache = EdgeCache()


@dataclass
class _ViewerRequest:
    """A viewer's current request."""

    distribution: str
    policy: Mapping[str, Any]
    age: int | None = None
    """Seconds since the answer was cached; None if it came from the origin."""


_current: ContextVar[_ViewerRequest] = ContextVar("current")


def register() -> None:
    """Put the cache in front of every origin."""
    cloudfront._fetch_from_origin = _fetch


def hosts() -> list[str]:
    """Return the names of all deployed distributions."""
    return [name for _, distribution in _distributions() for name in _names(distribution)]


async def answer(
    *, host: str, secure: bool, method: str, path: str, raw_path: str, query: str, headers: dict[str, str], body: bytes
) -> Answer | None:
    """Answer a viewer; None if no distribution has that name."""
    found = next((item for item in _distributions() if host in _names(item[1])), None)
    if found is None:
        return None
    account, distribution = found
    with responses.request_scope(account, here()[1]):
        behavior = cloudfront._match_behavior(cloudfront.parse_distribution_dataplane_config(distribution), path)
        viewer = _ViewerRequest(distribution["Id"], _policy(behavior))
        token = _current.set(viewer)
        try:
            status, given, content = await cloudfront.handle_viewer_request(
                distribution,
                method,
                path,
                raw_path,
                query,
                {**headers, "x-forwarded-proto": "https" if secure else "http"},
                body,
                parse_qs(query, keep_blank_values=True),
            )
        finally:
            _current.reset(token)
    return status, _with_outcome(given, status, viewer), content


def _distributions() -> Iterator[tuple[str, dict[str, Any]]]:
    for (account, _), distribution in list(cloudfront._distributions._data.items()):
        yield account, distribution


def _names(distribution: dict[str, Any]) -> list[str]:
    names = [distribution["DomainName"], *_aliases(distribution.get("config_xml", ""))]
    return [name.lower() for name in names]


@lru_cache(maxsize=64)
def _aliases(configuration: str) -> tuple[str, ...]:
    """Return a configuration's aliases; cached, because every request reads them from the XML."""
    return tuple(cloudfront._get_distribution_aliases({"config_xml": configuration}))


def _policy(behavior: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the cache policy's configuration; a behavior without one is not cached."""
    name = behavior["cache_policy_id"]
    found = cloudfront._cache_policies.get(name) or cloudfront._MANAGED_CACHE_POLICIES.get(name)
    return found["Config"] if found else {"MaxTTL": 0}


async def _fetch(
    origin: dict[str, Any], method: str, uri: str, query: str, headers: dict[str, Any], *rest: Any
) -> tuple[int, str, Mapping[str, Any], bytes]:
    """Answer from the cache, else from the origin; the parameters are ministack's."""
    viewer = _current.get()
    key = (viewer.distribution, origin["id"], uri, *key_parts(viewer.policy, query, headers))
    whole = method in ("GET", "HEAD") and not PARTIAL.intersection(headers)
    if whole and (kept := _cache.get(key)):
        found, viewer.age = kept
    else:
        try:
            with _scope(origin):
                found = OriginAnswer(*await _fetch_from_origin(origin, method, uri, query, headers, *rest))
        except cloudfront.OriginUnreachable:
            if load_balancers.named(origin["domain_name"].lower()):
                raise
            return _not_rehearsed(origin["domain_name"])
        seconds = lifetime(found.headers, viewer.policy, time.time())
        if whole and method == "GET" and found.status == 200 and seconds > 0:
            _cache.keep(key, found, seconds)
    return found.status, found.reason, dict(found.headers), b"" if method == "HEAD" else found.body


def _not_rehearsed(origin: str) -> tuple[int, str, Mapping[str, Any], bytes]:
    """Answer for an origin that is outside of the rehearsal."""
    unserved.note(GapKind.WORKLOAD, f"a distribution needed {origin}, which is outside of the rehearsal")
    body = f"not rehearsed: {origin} is outside of the rehearsal\n".encode()
    return 503, "Service Unavailable", {"content-type": "text/plain"}, body


@contextmanager
def _scope(origin: Mapping[str, Any]) -> Generator[None, None, None]:
    """Switch to the origin's account and region: ministack looks only in the distribution's own."""
    if bucket := origin["s3_bucket"]:
        place = s3._bucket_owner_account(bucket) or here()[0], here()[1]
    elif found := load_balancers.named(origin["domain_name"].lower()):
        place = found.account, found.region
    else:
        place = here()
    # CloudFront reads buckets over TLS, which a bucket policy may require.
    token = iam_evaluator._request_origin.set(("127.0.0.1", origin["s3_bucket"] is not None))
    try:
        with responses.request_scope(*place):
            yield
    finally:
        iam_evaluator._request_origin.reset(token)


def _with_outcome(headers: Mapping[str, Any], status: int, viewer: _ViewerRequest) -> dict[str, Any]:
    """Set `X-Cache` as CloudFront does; without a cache, ministack reports a miss for most answers."""
    given = dict(headers)
    if status in (301, 307) and given.get("X-Cache") == "Error from cloudfront":
        given["X-Cache"] = "Redirect from cloudfront"
    elif given.get("X-Cache") == "Miss from cloudfront":
        if status >= 400:
            given["X-Cache"] = "Error from cloudfront"
        elif viewer.age is not None:
            given |= {"X-Cache": "Hit from cloudfront", "Age": str(viewer.age)}
    return given
