"""Measures latency and errors of a healthy environment with a sample of requests, and compares the responses."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from integration_tests.contract import epoch_in, health_fault, said_in, version_fault
from integration_tests.failure import CheckFailed, check_failure, counted
from integration_tests.http_call import Response
from integration_tests.http_checks import curl
from integration_tests.http_client import REQUEST_SECONDS, HttpClient

AT_ONCE = 4
"""Parallel requests: enough to reach every task, too few to be a load."""
ENOUGH_FOR_EVERY_TASK = 50
"""Responses among which one is of the active task: even at random, 50 miss one of six tasks in 1 of 9,000 runs."""


def latency_and_errors_are_within_limits(
    client: HttpClient,
    *,
    path: str,
    requests: int,
    p99_limit_seconds: float,
    error_rate_limit_percent: float,
    released: str | None = None,
) -> float:
    """Send a sample of requests; raise CheckFailed if too many are slow or bad, or if responses contradict each other.

    They do if two tasks are active or none is, and if a version is not the `released` one. If that is None, all must
    have the same version. Returns the 99th percentile of the latency in seconds. Nothing is retried, because the
    environment is healthy already.
    """
    most_slow = requests - math.ceil(0.99 * requests)
    most_bad = math.floor(requests * error_rate_limit_percent / 100)

    def send(count: int) -> list[Response]:
        return client.sample(
            path,
            count=count,
            at_once=AT_ONCE,
            # Longer than the limit, to tell a slow response from a missing one.
            seconds=min(REQUEST_SECONDS, 2 * p99_limit_seconds + 1),
            enough=_first_above(most_slow, most_bad, p99_limit_seconds),
        )

    responses = send(requests)
    titles = []
    if _bad(responses) > most_bad:
        titles.append(
            f"{_bad(responses)} of {len(responses)} requests failed; the limit is {error_rate_limit_percent:g} %"
        )
    elif _bad(responses[-AT_ONCE:]):
        # Either one lost connection, or the first of many.
        after = send(AT_ONCE)
        responses += after
        if _bad(after):
            titles.append(f"one of the last requests failed, and {_bad(after)} of {len(after)} after it")
    if _slow(responses, p99_limit_seconds) > most_slow:
        titles.append(
            f"the slowest 1 % of requests is over the limit of {p99_limit_seconds:g} s: "
            f"{_slow(responses, p99_limit_seconds)} of {len(responses)} took longer"
        )
    titles += _contradictions([response for response in responses if health_fault(response) is None], released)
    if not titles:
        return _rank(sorted(response.seconds for response in responses), 99)
    raise _failure(
        titles,
        responses,
        asked=f"GET {client.url}{path}, {len(responses)} times in a sample of {requests}, {AT_ONCE} at once",
        wanted=f"99 % within {p99_limit_seconds:g} s, at most {error_rate_limit_percent:g} % bad, one active task, "
        + (f"version {released}" if released else "one version"),
        released=released,
        command=curl(client, path),
    )


def _failure(
    titles: Sequence[str],
    responses: Sequence[Response],
    *,
    asked: str,
    wanted: str,
    released: str | None,
    command: str,
) -> CheckFailed:
    seconds = sorted(response.seconds for response in responses)
    faults = Counter(fault for response in responses if (fault := _fault(response, released)))
    worst = next(
        (response for response in responses if _fault(response, released)),
        max(responses, key=lambda response: response.seconds),
    )
    return check_failure(
        title=f"{titles[0][0].upper()}{titles[0][1:]}{''.join(f'; {title}' for title in titles[1:])}.",
        asked=asked,
        wanted=wanted,
        got=[
            *counted(faults, good=len(responses) - faults.total()),
            f"median {_rank(seconds, 50):.2f} s, 99 % within {_rank(seconds, 99):.2f} s, all in {seconds[-1]:.2f} s",
        ],
        last=[f"worst  {worst}", *(f"  {line}" for line in worst.details)],
        next_steps=[command, "find requests by their id in the load balancer's access log"],
    )


def _fault(response: Response, released: str | None) -> str | None:
    return health_fault(response) or version_fault(response, released)


def _first_above(most_slow: int, most_bad: int, p99_limit_seconds: float) -> Callable[[Response], bool]:
    """Return a function that is given each response, and says when there are more slow or bad ones than allowed."""
    counts: Counter[str] = Counter()

    def enough(response: Response) -> bool:
        counts["slow"] += _slow([response], p99_limit_seconds)
        counts["bad"] += _bad([response])
        return counts["slow"] > most_slow or counts["bad"] > most_bad

    return enough


def _slow(responses: Sequence[Response], limit_seconds: float) -> int:
    return sum(response.seconds > limit_seconds for response in responses)


def _bad(responses: Sequence[Response]) -> int:
    return sum(health_fault(response) is not None for response in responses)


def _rank(ordered: Sequence[float], percent: int) -> float:
    """Percentile by nearest rank."""
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1]


def _contradictions(healthy: Sequence[Response], released: str | None) -> Iterator[str]:
    """Describe what cannot be true of healthy responses at once: their active tasks and their versions."""
    active = [response for response in healthy if said_in(response)["role"] == "active"]
    tasks = _active_in_one_epoch(active)
    if tasks:
        yield f"two tasks report that they are active: {', '.join(tasks)}"
    if back := _back_in_an_earlier_epoch(active):
        yield f"two tasks report in turn that they are active: epoch {back[0]} came back after epoch {back[1]}"
    if not active and len(healthy) >= ENOUGH_FOR_EVERY_TASK:
        yield f"none of {len(healthy)} healthy responses comes from an active task"
    versions = Counter(str(said_in(response)["version"]) for response in healthy)
    if released is not None and set(versions) - {released}:
        others = versions.total() - versions[released]
        yield f"{others} of {len(healthy)} healthy responses are not of the released version {released}"
    elif len(versions) > 1:
        yield f"tasks of {len(versions)} versions respond: {', '.join(sorted(versions))}"


def _active_in_one_epoch(active: Sequence[Response]) -> list[str]:
    """Return the tasks that report to be active in the same epoch, if there are several."""
    tasks: dict[int, set[str]] = defaultdict(set)
    for response in active:
        tasks[epoch_in(response)].add(response.task)
    return next((sorted(names) for names in tasks.values() if len(names) > 1), [])


def _back_in_an_earlier_epoch(active: Sequence[Response]) -> tuple[int, int] | None:
    """Return an epoch whose leader took a request after a later epoch's had responded, and that later epoch."""
    terms = [(response.started, response.ended, epoch_in(response)) for response in active]
    return next(
        (
            (epoch, later)
            for started, _, epoch in terms
            for _, ended, later in terms
            if ended < started and epoch < later
        ),
        None,
    )
