"""Measures latency and errors of a healthy environment with a bounded sample of requests."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from integration_tests.contract import health_fault, said_in
from integration_tests.failure import check_failure, counted
from integration_tests.http_call import Response
from integration_tests.http_checks import curl
from integration_tests.http_client import REQUEST_SECONDS, HttpClient

AT_ONCE = 4
"""Parallel requests: enough to reach every task, too few to be a load."""


def latency_and_errors_are_within_limits(
    client: HttpClient,
    *,
    path: str,
    requests: int,
    p99_limit_seconds: float,
    error_rate_limit_percent: float,
) -> float:
    """Send a sample of requests; raise CheckFailed if too many are slow or bad, or two tasks are active.

    Returns the 99th percentile of the latency in seconds. Nothing is retried: the environment is healthy already.
    """
    most_slow = requests - math.ceil(0.99 * requests)
    most_bad = math.floor(requests * error_rate_limit_percent / 100)

    def slow(responses: Sequence[Response]) -> int:
        return sum(response.seconds > p99_limit_seconds for response in responses)

    def bad(responses: Sequence[Response]) -> int:
        return sum(health_fault(response) is not None for response in responses)

    responses = client.sample(
        path,
        count=requests,
        at_once=AT_ONCE,
        # Longer than the limit, to tell a slow response from a missing one.
        seconds=min(REQUEST_SECONDS, 2 * p99_limit_seconds + 1),
        enough=lambda so_far: slow(so_far) > most_slow or bad(so_far) > most_bad,
    )
    faults = Counter(fault for fault in map(health_fault, responses) if fault)
    titles = []
    if (failed := faults.total()) > most_bad:
        titles.append(f"{failed} of {len(responses)} requests failed; the limit is {error_rate_limit_percent:g} %")
    if slow(responses) > most_slow:
        titles.append(
            f"the slowest 1 % of requests is over the limit of {p99_limit_seconds:g} s: "
            f"{slow(responses)} of {len(responses)} took longer"
        )
    seconds = sorted(response.seconds for response in responses)
    actives = _active_tasks(responses)
    if len(actives) > 1:
        titles.append(f"two tasks report that they are active: {', '.join(actives)}")
    if not titles:
        return _rank(seconds, 99)
    worst = next(
        (response for response in responses if health_fault(response)), max(responses, key=lambda one: one.seconds)
    )
    raise check_failure(
        title=f"{titles[0][0].upper()}{titles[0][1:]}{''.join(f'; {title}' for title in titles[1:])}.",
        asked=f"GET {client.url}{path}, {len(responses)} of {requests} times, {AT_ONCE} at once",
        wanted=f"99 % within {p99_limit_seconds:g} s, at most {error_rate_limit_percent:g} % bad, one active task",
        got=[
            *counted(faults, good=len(responses) - failed),
            f"median {_rank(seconds, 50):.2f} s, 99 % within {_rank(seconds, 99):.2f} s, all in {seconds[-1]:.2f} s",
        ],
        last=[f"worst  {worst}", *(f"  {line}" for line in worst.details)],
        next_steps=[curl(client, path), "find requests by their id in the load balancer's access log"],
    )


def _rank(ordered: Sequence[float], percent: int) -> float:
    """Percentile by nearest rank."""
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1]


def _active_tasks(responses: Sequence[Response]) -> list[str]:
    """Return the tasks that report to be active in the same epoch, if there are several."""
    active: dict[object, set[str]] = defaultdict(set)
    for response in responses:
        if health_fault(response) is None and response.task:
            said = said_in(response)
            leader = said["leader"]
            if said["role"] == "active" and isinstance(leader, dict):
                active[leader.get("epoch")].add(response.task)
    return next((sorted(tasks) for tasks in active.values() if len(tasks) > 1), [])
