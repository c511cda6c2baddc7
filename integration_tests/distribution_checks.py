"""What CloudFront must do with requests: encrypt, harden, keep what is static and nothing that is not."""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from integration_tests.contract import health_fault
from integration_tests.failure import probe_failure
from integration_tests.http_call import Response
from integration_tests.http_checks import curl, lost
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.waiting import Deadline, ProbeResult

CACHE_SECONDS = 10.0
"""How long a second request may miss the cache: an edge has several, which do not share."""
LEAST_TRANSPORT_SECONDS = 180 * 24 * 3600
"""Half a year: the least that browsers and their lists take for a promise."""

_SAFE_REFERRERS = {"strict-origin-when-cross-origin", "same-origin", "strict-origin", "no-referrer"}


def redirects_to_https(plain: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Ask over plain HTTP; raise CheckFailed unless the answer leads to the same path over HTTPS."""
    target = f"https://{urlsplit(plain.url).hostname}"

    def fault(answer: Response) -> str | None:
        if answer.status not in {301, 302, 307, 308}:
            return f"{answer.status_line} instead of a redirect"
        found = urlsplit(answer.location)
        if (found.scheme, found.hostname, found.path) != ("https", urlsplit(plain.url).hostname, path):
            return f"a redirect to {answer.shown_location or 'nowhere'}"
        return None

    _judge(
        plain,
        path=path,
        fault=fault,
        deadline=deadline,
        title="The distribution does not lead plain HTTP to HTTPS.",
        wanted=f"301, 302, 307 or 308 to {target}{path}",
    )


def has_security_headers(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Ask for a path; raise CheckFailed unless the answer carries the headers that tell browsers to be careful."""

    def fault(answer: Response) -> str | None:
        weak = [name for name, strong in _STRONG.items() if not strong(answer.headers.get(name, ""))]
        return f"{answer.status_line}, but missing or weak: {', '.join(weak)}" if weak else None

    _judge(
        distribution,
        path=path,
        fault=fault,
        deadline=deadline,
        title="The distribution's answers lack security headers.",
        wanted=f"safe values of {', '.join(_STRONG)}",
        shown=_STRONG,
    )


def engine_api_is_closed(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Ask for the engine's own API; raise CheckFailed unless the edge answers 403."""
    _judge(
        distribution,
        path=path,
        fault=lambda answer: None if answer.status == 403 else f"{answer.status_line} instead of 403",
        deadline=deadline,
        title=f"The engine's own API is open to the internet: {path} passes the distribution.",
        wanted="403 Forbidden",
    )


def dynamic_responses_are_not_cached(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Ask for the same twice; raise CheckFailed when the second answer may come out of a cache."""

    def fault(answer: Response) -> str | None:
        if health_fault(answer):
            return health_fault(answer)
        if _hit(answer):
            return f"the answer came out of the cache: {answer.headers.get('x-cache')}"
        if answer.headers.get("age", "0").strip() != "0":
            return f"the answer is kept: Age {answer.headers['age'][:20]}"
        return None

    for _ in range(2):
        _judge(
            distribution,
            path=path,
            fault=fault,
            deadline=deadline,
            title="The distribution keeps what is never twice the same.",
            wanted="a healthy answer without Age, and no hit in X-Cache",
        )


def static_content_is_cached(distribution: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Ask until an answer comes out of the cache; raise CheckFailed when there is no such content or it is not kept."""
    short = deadline.capped(CACHE_SECONDS)
    # Nothing can be kept that nobody has asked for yet.
    distribution.get(path, seconds=short.probe_timeout(REQUEST_SECONDS))

    def probe() -> ProbeResult:
        answer = distribution.get(path, seconds=short.probe_timeout(REQUEST_SECONDS))
        fault = answer.problem
        if not fault and (answer.status != 200 or not answer.body):
            fault = answer.status_line if answer.status != 200 else f"{answer.status_line}, but the body is empty"
            return ProbeResult(fault=fault, text=str(answer), details=answer.details, final=True)
        if not fault and not _hit(answer):
            fault = f"not out of the cache: X-Cache {answer.headers.get('x-cache', 'is missing')[:60]}"
        return ProbeResult(fault=fault, text=str(answer), details=answer.details)

    history = short.poll(probe)
    if not history.reached:
        raise probe_failure(
            title="The distribution does not serve static content, and keep it.",
            asked=f"GET {distribution.url}{path}",
            wanted="200 with a body, and X-Cache: Hit from cloudfront soon",
            history=history,
            next_steps=[curl(distribution, path)],
        )


def bucket_denies_reads(bucket: HttpClient, *, path: str, deadline: Deadline) -> None:
    """Ask S3 itself for static content, without credentials; raise CheckFailed unless it refuses."""
    _judge(
        bucket,
        path=path,
        fault=lambda answer: None if answer.status == 403 else f"{answer.status_line} instead of 403",
        deadline=deadline,
        title="The bucket of static content answers anybody: only the distribution may read it.",
        wanted="403 Forbidden",
    )


def _judge(
    client: HttpClient,
    *,
    path: str,
    fault: Callable[[Response], str | None],
    deadline: Deadline,
    title: str,
    wanted: str,
    shown: Sequence[str] | Mapping[str, object] = (),
) -> None:
    """Judge an answer as it comes; only a connection that is lost before there is one is tried again."""

    def probe() -> ProbeResult:
        answer = client.get(path, seconds=deadline.probe_timeout(REQUEST_SECONDS))
        found = answer.problem or fault(answer)
        said = [f"{name}: {client.secret_values.hide(answer.headers.get(name, 'missing'))}" for name in shown]
        return ProbeResult(
            fault=found, text=str(answer), details=(*answer.details, *said), final=bool(found) and not lost(answer)
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


def _hit(answer: Response) -> bool:
    """Whether CloudFront says that an answer came out of a cache, fresh or confirmed."""
    return "hit" in answer.headers.get("x-cache", "").lower()


def _lasting(value: str) -> bool:
    found = re.search(r"max-age=(\d{1,12})", value)
    return bool(found) and int(found[1]) >= LEAST_TRANSPORT_SECONDS if found else False


_STRONG: Mapping[str, Callable[[str], bool]] = {
    "strict-transport-security": _lasting,
    "x-content-type-options": lambda value: value.lower() == "nosniff",
    "x-frame-options": lambda value: value.upper() in {"SAMEORIGIN", "DENY"},
    "referrer-policy": lambda value: value.lower() in _SAFE_REFERRERS,
    "content-security-policy": lambda value: "frame-ancestors" in value,
}
"""Each header with what its value must be. The policy may be a page's own; it must say who may frame it."""
