"""What the load balancer must answer to anybody: its health path well, everything else with 403."""

import shlex
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from integration_tests.contract import CONTRACT_FIELDS, health_fault
from integration_tests.failure import probe_failure
from integration_tests.http_call import Response
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.waiting import Deadline, ProbeResult

ALLOWED_BREAKS = 1
"""A single connection that is lost while tasks still start is forgiven. A bad answer after a good one never is."""
MOST_REDIRECTS = 5
REDIRECT_SECONDS = 1.0
"""What one step of a redirect may take; it is followed once, to be named, never to be forgiven."""


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
    """Wait until the health path answers well so many times in a row, at every address; raise CheckFailed otherwise.

    One look asks every address that the name has, each over a connection of its own. Once the path has answered well, a
    bad answer is flapping and ends the check; a single connection that is lost counts as bad luck.
    """
    endings: dict[str, str] = {}

    def ending(answer: Response) -> str:
        if answer.location not in endings:
            endings[answer.location] = redirect_ending(client, answer)
        return endings[answer.location]

    def probe() -> ProbeResult:
        answers = client.get_everywhere(path, seconds=deadline.probe_timeout(request_seconds))
        faults = [health_fault(answer) for answer in answers]
        worst = next((index for index, fault in enumerate(faults) if fault), 0)
        answer, fault = answers[worst], faults[worst]
        at = f" (one of {len(answers)} addresses)" if len(answers) > 1 and fault else ""
        return ProbeResult(
            fault=fault and fault + ending(answer),
            text=f"{answer}{at}",
            details=answer.details,
            always_flapping=any(fault and not lost(one) for fault, one in zip(faults, answers, strict=True)),
        )

    history = deadline.poll(probe, consecutive=consecutive, allowed_breaks=ALLOWED_BREAKS)
    if history.reached:
        return
    if history.flapping:
        title = f"{through} is flapping: it answered well and turned bad again."
    elif history.longest_streak:
        title = f"{through} answered well {history.longest_streak} of {consecutive} times in a row, no more."
    else:
        title = f"{through} never answered well within the deadline of {deadline.seconds:g} s."
    raise probe_failure(
        title=title,
        asked=f"GET {client.url}{path}",
        wanted=f"{consecutive} in a row, at every address: 200, JSON with {', '.join(CONTRACT_FIELDS)}",
        history=history,
        next_steps=[curl(client, path), *next_steps],
    )


def lost(answer: Response) -> bool:
    """Whether a connection was lost before it brought an answer: what a network does now and then."""
    return bool(answer.problem) and not answer.status


def redirect_ending(client: HttpClient, answer: Response) -> str:
    """Say how a redirect that was not asked for ends: at another host, in a loop, or where; empty for no redirect."""
    if not (300 <= answer.status < 400 and answer.location):
        return ""
    own = client.url + "/"
    at, seen = own, set[str]()
    for _ in range(MOST_REDIRECTS):
        target = urljoin(at, answer.location)
        if urlsplit(target).netloc.lower() != urlsplit(own).netloc.lower():
            return ": a redirect to another host"
        if target in seen:
            return ": a redirect loop"
        seen.add(target)
        if urlsplit(target).scheme != urlsplit(own).scheme:
            return ""
        parts = urlsplit(target)
        answer = client.get(parts._replace(scheme="", netloc="", fragment="").geturl(), seconds=REDIRECT_SECONDS)
        if not (300 <= answer.status < 400 and answer.location):
            return f", which ends with {answer.status_line or answer.problem}"
        at = target
    return f": more than {MOST_REDIRECTS} redirects"


def other_paths(health_path: str) -> list[str]:
    """Return paths that must be closed: where YAWL answers, and what is nearly the health path."""
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
    """Ask for paths that only CloudFront may ask for; raise CheckFailed unless each answer is 403.

    A lost connection is asked again within the deadline; an answer is judged as it comes. `header` says in words what
    the front client sends of the header that tells CloudFront from others.
    """

    def probe() -> ProbeResult:
        answers = client.get_all(paths, seconds=deadline.probe_timeout(request_seconds))
        bad = [(path, answer) for path, answer in zip(paths, answers, strict=True) if answer.status != 403]
        answered = [one for one in bad if not lost(one[1])]
        path, answer = (answered or bad or [(paths[0], answers[0])])[0]
        fault = f"{answer.status_line or answer.problem} for {path}" if bad else None
        return ProbeResult(
            fault=fault, text=f"{path}: {answer}", details=answer.details, final=bool(answered), subject=path
        )

    history = deadline.poll(probe)
    if history.reached:
        return
    last = history.last[-1][1]
    path = last.subject
    raise probe_failure(
        title=f"The load balancer lets anybody through to {path}: only what comes through CloudFront may pass."
        if last.final
        else f"The load balancer did not answer {path} within the deadline of {deadline.seconds:g} s.",
        asked=f"GET {client.url} with {', '.join(paths)}, {header}",
        wanted="403 Forbidden for each",
        history=history,
        next_steps=[
            curl(client, path),
            *(["the listener's rules: the default action must be the fixed answer 403"] if last.final else []),
        ],
    )


def curl(client: HttpClient, path: str) -> str:
    """Return a command that asks the same."""
    return f"curl -i --max-time {REQUEST_SECONDS:g} {shlex.quote(client.url + path)}"
