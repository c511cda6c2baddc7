"""Checks of the load balancer without the secret header: the health path is healthy, all other paths return 403."""

import shlex
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from integration_tests.contract import CONTRACT_FIELDS, health_fault
from integration_tests.failure import probe_failure
from integration_tests.http_call import Response
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.waiting import Deadline, ProbeResult

ALLOWED_BREAKS = 1
"""One lost connection is allowed while tasks start. A bad response after a healthy one never is."""
MOST_REDIRECTS = 5
REDIRECT_SECONDS = 1.0
"""Limit of one step of a redirect, which is followed only to describe it."""


def health_path_responds(
    client: HttpClient,
    *,
    path: str,
    consecutive: int,
    deadline: Deadline,
    request_seconds: float = REQUEST_SECONDS,
    through: str = "The health path",
    next_steps: Sequence[str] = (),
) -> None:
    """Wait for `consecutive` healthy responses from every address; raise CheckFailed otherwise.

    One probe requests the path from every address of the name. After a healthy response, a bad one counts as flapping
    and ends the check; one lost connection is allowed.
    """
    endings: dict[str, str] = {}

    def ending(response: Response) -> str:
        if response.location not in endings:
            endings[response.location] = redirect_ending(client, response)
        return endings[response.location]

    def probe() -> ProbeResult:
        responses = client.get_everywhere(path, seconds=deadline.probe_timeout(request_seconds))
        faults = [health_fault(response) for response in responses]
        worst = next((index for index, fault in enumerate(faults) if fault), 0)
        response, fault = responses[worst], faults[worst]
        at = f" (one of {len(responses)} addresses)" if len(responses) > 1 and fault else ""
        return ProbeResult(
            fault=fault and fault + ending(response),
            text=f"{response}{at}",
            details=response.details,
            always_flapping=any(fault and not lost(one) for fault, one in zip(faults, responses, strict=True)),
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
        wanted=f"{consecutive} in a row from every address: 200, JSON with {', '.join(CONTRACT_FIELDS)}",
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


def other_paths(health_path: str) -> list[str]:
    """Return paths that must be closed: YAWL's own, and those close to the health path."""
    paths = ["/", "/yawl/ib", "/yawl/ia", f"{health_path.rstrip('/')}/gateway", health_path.rstrip("/")]
    return [path for path in dict.fromkeys(paths) if path not in ("", health_path)]


def other_paths_are_forbidden(
    client: HttpClient,
    *,
    paths: Sequence[str],
    deadline: Deadline,
    header: str = "without the secret origin header",
    request_seconds: float = REQUEST_SECONDS,
) -> None:
    """Request paths that only CloudFront may request; raise CheckFailed unless each response is 403.

    A lost connection is retried until the deadline; the first response counts. `header` describes the secret header
    that the client sends.
    """

    def probe() -> ProbeResult:
        responses = client.get_all(paths, seconds=deadline.probe_timeout(request_seconds))
        bad = [(path, response) for path, response in zip(paths, responses, strict=True) if response.status != 403]
        answered = [one for one in bad if not lost(one[1])]
        path, response = (answered or bad or [(paths[0], responses[0])])[0]
        fault = f"{response.status_line or response.problem} for {path}" if bad else None
        return ProbeResult(
            fault=fault, text=f"{path}: {response}", details=response.details, final=bool(answered), subject=path
        )

    history = deadline.poll(probe)
    if history.reached:
        return
    last = history.last[-1][1]
    path = last.subject
    raise probe_failure(
        title=f"The load balancer forwards {path} to anybody: only CloudFront may request it."
        if last.final
        else f"The load balancer did not respond to {path} within the deadline of {deadline.seconds:g} s.",
        asked=f"GET {client.url} with {', '.join(paths)}, {header}",
        wanted="403 Forbidden for each path",
        history=history,
        next_steps=[
            curl(client, path),
            *(
                ["check the listener's rules: the default action must be a fixed response with 403"]
                if last.final
                else []
            ),
        ],
    )


def curl(client: HttpClient, path: str) -> str:
    """Return a command that makes the same request."""
    return f"curl -i --max-time {REQUEST_SECONDS:g} {shlex.quote(client.url + path)}"
