"""Checks of the load balancer without the secret header: the health path is healthy, all other requests get 403."""

import shlex
from collections.abc import Callable, Sequence
from urllib.parse import urljoin, urlsplit

from integration_tests.contract import CONTRACT_FIELDS, health_fault, version_fault
from integration_tests.failure import probe_failure
from integration_tests.http_call import Response
from integration_tests.http_client import REQUEST_SECONDS, Call, HttpClient
from integration_tests.waiting import Deadline, ProbeResult

ALLOWED_BREAKS = 1
"""One lost connection is allowed while tasks start. A bad response after a healthy one never is."""
MOST_REDIRECTS = 5
REDIRECT_SECONDS = 1.0
"""Limit of one step of a redirect, which is followed only to describe it."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Methods that load balancers and distributions forward."""

_WRITTEN_BY_TASKS = (b"{", b"<response", b"<failure", b"<?xml")
"""How bodies of the supervisor and the engine begin; those of load balancers and distributions are text or HTML."""


def health_path_responds(
    client: HttpClient,
    *,
    path: str,
    consecutive: int,
    deadline: Deadline,
    released: str | None = None,
    request_seconds: float = REQUEST_SECONDS,
    through: str = "The health path",
    next_steps: Sequence[str] = (),
) -> None:
    """Wait for `consecutive` healthy responses from every address; raise CheckFailed otherwise.

    One probe requests the path from every address of the name. After a healthy response, a bad one counts as flapping
    and ends the check; one lost connection is allowed. A version other than `released` is waited out, because old
    tasks may still be replaced; None accepts every version.
    """
    endings: dict[str, str] = {}

    def ending(response: Response) -> str:
        if response.location not in endings:
            endings[response.location] = redirect_ending(client, response)
        return endings[response.location]

    def probe() -> ProbeResult:
        responses = client.get_everywhere(path, seconds=deadline.probe_timeout(request_seconds))
        bad = [health_fault(response) for response in responses]
        faults = [fault or version_fault(one, released) for fault, one in zip(bad, responses, strict=True)]
        worst = next((index for found in (bad, faults) for index, fault in enumerate(found) if fault), 0)
        response, fault = responses[worst], faults[worst]
        at = f" (one of {len(responses)} addresses)" if len(responses) > 1 and fault else ""
        return ProbeResult(
            fault=fault and fault + ending(response),
            text=f"{response}{at}",
            details=response.details,
            always_flapping=any(fault and not lost(one) for fault, one in zip(bad, responses, strict=True)),
            breaks_streak=any(bad),
        )

    history = deadline.poll(probe, consecutive=consecutive, allowed_breaks=ALLOWED_BREAKS)
    if history.reached:
        return
    if history.flapping:
        title = f"{through} is flapping: it was healthy and failed again."
    elif history.longest_streak:
        title = f"{through} was healthy only {history.longest_streak} of {consecutive} times in a row."
    else:
        title = f"{through} was never healthy within the deadline of {deadline.seconds:g} s."
    raise probe_failure(
        title=title,
        asked=f"GET {client.url}{path}",
        wanted=f"{consecutive} in a row from every address: 200, JSON with {', '.join(CONTRACT_FIELDS)}"
        + (f"; version {released}" if released else ""),
        history=history,
        next_steps=[curl(client, path), *next_steps],
    )


def lost(response: Response) -> bool:
    """Whether the connection was lost before any response, which happens in any network now and then."""
    return bool(response.problem) and not response.status


def redirect_ending(client: HttpClient, response: Response) -> str:
    """Describe where an unexpected redirect ends; empty if there is no redirect."""
    if not (300 <= response.status < 400 and response.location):
        return ""
    own = client.url + "/"
    at, seen = own, set[str]()
    for _ in range(MOST_REDIRECTS):
        target = urljoin(at, response.location)
        if urlsplit(target).netloc.lower() != urlsplit(own).netloc.lower():
            return ": a redirect to another host"
        if target in seen:
            return ": a redirect loop"
        seen.add(target)
        if urlsplit(target).scheme != urlsplit(own).scheme:
            return ""
        parts = urlsplit(target)
        response = client.get(parts._replace(scheme="", netloc="", fragment="").geturl(), seconds=REDIRECT_SECONDS)
        if not (300 <= response.status < 400 and response.location):
            return f", which ends with {response.status_line or response.problem}"
        at = target
    return f": more than {MOST_REDIRECTS} redirects"


def closed_calls(health_path: str, *, unguessable: str) -> list[Call]:
    """Return requests that the load balancer must refuse: every method, and paths that no rule can name.

    `unguessable` is a new segment of a path for each run. It finds a rule that opens what lies below a closed path.
    """
    health = health_path.rstrip("/")
    known = ["", "/yawl", "/yawl/ib", "/yawl/ia", f"{health}/gateway", health]
    below = [f"{path}/{unguessable}" for path in known]
    closed = [path for path in dict.fromkeys(["/", *known, *below]) if path not in ("", health_path)]
    return [
        *(Call(method, path) for method in ("GET", "POST") for path in closed),
        *(Call(method, health_path) for method in METHODS if method != "GET"),
        *(Call(method, below[1]) for method in METHODS if method not in ("GET", "POST")),
    ]


def closed_engine_calls(*, unguessable: str) -> list[Call]:
    """Return requests of the engine's own API, which the distribution must refuse."""
    known = ("/yawl/ib", "/yawl/ia", "/yawl")
    below = [f"{path}/{unguessable}" for path in known]
    return [Call(method, path) for method in ("GET", "POST") for path in (*known, *below)]


def closed_fault(response: Response) -> str | None:
    """Return what is wrong with the response to a closed path; None if it is 403 and the request reached no task."""
    if response.status != 403:
        return response.status_line or response.problem
    if response.task or response.body.lstrip().startswith(_WRITTEN_BY_TASKS):
        return f"{response.status_line} from the application"
    return None


def calls_are_refused(
    client: HttpClient,
    calls: Sequence[Call],
    *,
    deadline: Deadline,
    title: Callable[[Call], str],
    asked: str,
    next_steps: Sequence[str] = (),
    request_seconds: float = REQUEST_SECONDS,
) -> None:
    """Send requests; raise CheckFailed unless each response is 403 and comes from in front of the application.

    A lost connection is retried until the deadline; the first response counts. `title` is the failure's title for the
    request that was not refused.
    """

    def probe() -> ProbeResult:
        responses = client.ask_all(calls, seconds=deadline.probe_timeout(request_seconds))
        bad = [pair for pair in zip(calls, responses, strict=True) if closed_fault(pair[1])]
        answered = [pair for pair in bad if not lost(pair[1])]
        call, response = (answered or bad or [(calls[0], responses[0])])[0]
        return ProbeResult(
            fault=f"{closed_fault(response)} for {call}" if bad else None,
            text=f"{call}: {response}",
            details=response.details,
            next_steps=(curl(client, call.path, method=call.method), *(next_steps if answered else ())),
            final=bool(answered),
            subject=title(call) if answered else f"{client.url} did not respond to {call}",
        )

    history = deadline.poll(probe)
    if history.reached:
        return
    last = history.last[-1][1]
    late = "" if last.final else f" within the deadline of {deadline.seconds:g} s"
    raise probe_failure(
        title=f"{last.subject}{late}.",
        asked=f"{len(calls)} requests to {client.url}, such as {calls[0]} and {calls[-1]}, {asked}",
        wanted="403 Forbidden for each, and not from the application",
        history=history,
    )


def other_paths_are_forbidden(
    client: HttpClient,
    *,
    calls: Sequence[Call],
    deadline: Deadline,
    header: str = "without the secret origin header",
    request_seconds: float = REQUEST_SECONDS,
) -> None:
    """Send requests that only CloudFront may send; raise CheckFailed unless the load balancer refuses each.

    `header` describes the secret header that the client sends.
    """
    calls_are_refused(
        client,
        calls,
        deadline=deadline,
        title=lambda call: f"The load balancer forwards {call} to anybody: only CloudFront may request it",
        asked=header,
        next_steps=["check the listener's rules: the default action must be a fixed response with 403"],
        request_seconds=request_seconds,
    )


def curl(client: HttpClient, path: str, *, method: str = "GET") -> str:
    """Return a command that makes the same request."""
    option = {"GET": "", "HEAD": "--head "}.get(method, f"-X {method} ")
    return f"curl -i {option}--max-time {REQUEST_SECONDS:g} {shlex.quote(client.url + path)}"
