"""Checks of CloudFront: HTTPS, security headers, the closed engine API, and what is cached."""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from integration_tests.contract import health_fault
from integration_tests.failure import probe_failure
from integration_tests.http_call import Response
from integration_tests.http_checks import calls_are_refused, closed_engine_calls, curl, lost
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.waiting import Deadline, ProbeResult

CACHE_SECONDS = 10.0
"""How long repeated requests may miss: an edge location has several caches, which share nothing."""
MIN_HSTS_SECONDS = 180 * 24 * 3600
"""Half a year, a common minimum for Strict-Transport-Security."""

_SAFE_REFERRERS = {"strict-origin-when-cross-origin", "same-origin", "strict-origin", "no-referrer"}


def redirects_to_https(plain: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Request a path over HTTP; raise CheckFailed unless it redirects to the same path over HTTPS."""
    target = f"https://{urlsplit(plain.url).hostname}"

    def fault(response: Response) -> str | None:
        if response.status not in {301, 302, 307, 308}:
            return f"{response.status_line} instead of a redirect"
        found = urlsplit(response.location)
        if (found.scheme, found.hostname, found.path) != ("https", urlsplit(plain.url).hostname, path):
            return f"a redirect to {response.shown_location or 'nowhere'}"
        return None

    _check(
        plain,
        path=path,
        fault=fault,
        deadline=deadline,
        title="The distribution does not redirect HTTP to HTTPS.",
        wanted=f"301, 302, 307 or 308 to {target}{path}",
    )


def has_security_headers(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Request a path; raise CheckFailed unless the response has the security headers."""

    def fault(response: Response) -> str | None:
        weak = [name for name, strong in _SECURITY_HEADERS.items() if not strong(response.headers.get(name, ""))]
        return f"{response.status_line}, but missing or weak: {', '.join(weak)}" if weak else None

    _check(
        distribution,
        path=path,
        fault=fault,
        deadline=deadline,
        title="The distribution's responses lack security headers.",
        wanted=f"safe values of {', '.join(_SECURITY_HEADERS)}",
        shown=_SECURITY_HEADERS,
    )


def engine_api_is_closed(distribution: HttpClient, *, unguessable: str, deadline: Deadline) -> None:
    """Send requests of the engine's API; raise CheckFailed unless the distribution refuses each.

    `unguessable` is a new segment of a path for each run.
    """
    calls_are_refused(
        distribution,
        closed_engine_calls(unguessable=unguessable),
        deadline=deadline,
        title=lambda call: f"The engine's API is open to the internet: the distribution forwards {call}",
        asked="as anybody may send them",
    )


def dynamic_responses_are_not_cached(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Request the same path twice; raise CheckFailed if a response may come from a cache."""

    def fault(response: Response) -> str | None:
        if health_fault(response):
            return health_fault(response)
        if _hit(response):
            return f"the response came from the cache: {response.headers.get('x-cache')}"
        if response.headers.get("age", "0").strip() != "0":
            return f"the response was cached: Age {response.headers['age'][:20]}"
        return None

    for _ in range(2):
        _check(
            distribution,
            path=path,
            fault=fault,
            deadline=deadline,
            title="The distribution caches dynamic responses.",
            wanted="a healthy response without Age, and no hit in X-Cache",
        )


def static_content_is_cached(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Request static content until it comes from the cache; raise CheckFailed if it is missing or not cached."""
    short = deadline.capped(CACHE_SECONDS)
    # The first request fills the cache.
    distribution.get(path, seconds=short.probe_timeout(REQUEST_SECONDS))

    def probe() -> ProbeResult:
        response = distribution.get(path, seconds=short.probe_timeout(REQUEST_SECONDS))
        fault = response.problem
        if not fault and (response.status != 200 or not response.body):
            fault = response.status_line if response.status != 200 else f"{response.status_line}, but the body is empty"
            return ProbeResult(fault=fault, text=str(response), details=response.details, final=True)
        if not fault and not _hit(response):
            fault = f"not from the cache: X-Cache {response.headers.get('x-cache', 'is missing')[:60]}"
        return ProbeResult(fault=fault, text=str(response), details=response.details)

    history = short.poll(probe)
    if not history.reached:
        raise probe_failure(
            title="The distribution does not serve static content from its cache.",
            asked=f"GET {distribution.url}{path}",
            wanted="200 with a body and 'X-Cache: Hit from cloudfront'",
            history=history,
            next_steps=[curl(distribution, path)],
        )


def bucket_denies_reads(bucket: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Request static content from S3 itself without credentials; raise CheckFailed unless it denies access."""
    _check(
        bucket,
        path=path,
        fault=lambda response: None if response.status == 403 else f"{response.status_line} instead of 403",
        deadline=deadline,
        title="The bucket of static content is public: only the distribution may read it.",
        wanted="403 Forbidden",
    )


def _check(
    client: HttpClient,
    *,
    path: str,
    fault: Callable[[Response], str | None],
    deadline: Deadline,
    title: str,
    wanted: str,
    shown: Sequence[str] | Mapping[str, object] = (),
) -> None:
    """Check the first response; retry only if the connection is lost before there is one."""

    def probe() -> ProbeResult:
        response = client.get(path, seconds=deadline.probe_timeout(REQUEST_SECONDS))
        found = response.problem or fault(response)
        headers = [f"{name}: {client.secret_values.hide(response.headers.get(name, 'missing'))}" for name in shown]
        return ProbeResult(
            fault=found,
            text=str(response),
            details=(*response.details, *headers),
            final=bool(found) and not lost(response),
        )

    history = deadline.poll(probe)
    if history.reached:
        return
    silent = f"{client.url} did not answer within the deadline of {deadline.seconds:g} s."
    raise probe_failure(
        title=title if history.last[-1][1].final else silent,
        asked=f"GET {client.url}{path}",
        wanted=wanted,
        history=history,
        next_steps=[curl(client, path)],
    )


def _hit(response: Response) -> bool:
    """Whether CloudFront says that the response came from its cache, fresh or revalidated."""
    return "hit" in response.headers.get("x-cache", "").lower()


def _is_long_enough(value: str) -> bool:
    found = re.search(r"max-age=(\d{1,12})", value)
    return bool(found) and int(found[1]) >= MIN_HSTS_SECONDS if found else False


_SECURITY_HEADERS: Mapping[str, Callable[[str], bool]] = {
    "strict-transport-security": _is_long_enough,
    "x-content-type-options": lambda value: value.lower() == "nosniff",
    "x-frame-options": lambda value: value.upper() in {"SAMEORIGIN", "DENY"},
    "referrer-policy": lambda value: value.lower() in _SAFE_REFERRERS,
    "content-security-policy": lambda value: "frame-ancestors" in value,
}
"""Each header with the test of its value. A page may have its own policy, if it restricts framing."""
