"""What a bounded sample of requests tells of an environment that answers: how quickly, how reliably, and from whom."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from integration_tests.contract import health_fault, said_in
from integration_tests.failure import check_failure, counted
from integration_tests.http_call import Response
from integration_tests.http_checks import curl
from integration_tests.http_client import REQUEST_SECONDS, HttpClient

AT_ONCE = 4
"""Requests under way at a time: enough to meet every task, too few to be a load."""


def latency_and_errors_are_within_limits(
    client: HttpClient,
    *,
    path: str,
    requests: int,
    p99_limit_seconds: float,
    error_rate_limit_percent: float,
) -> float:
    """Ask a bounded sample of requests; raise CheckFailed when too many are slow or bad, or two tasks are active.

    Returns within how many seconds 99 % of them were answered.

    This judges a state that has been reached, so nothing is asked twice. The sample ends early when its verdict stands.
    """
    most_slow = requests - math.ceil(0.99 * requests)
    most_bad = math.floor(requests * error_rate_limit_percent / 100)

    def slow(answers: Sequence[Response]) -> int:
        return sum(answer.seconds > p99_limit_seconds for answer in answers)

    def bad(answers: Sequence[Response]) -> int:
        return sum(health_fault(answer) is not None for answer in answers)

    answers = client.sample(
        path,
        count=requests,
        at_once=AT_ONCE,
        # Longer than the limit, so that a slow answer is told from a missing one.
        seconds=min(REQUEST_SECONDS, 2 * p99_limit_seconds + 1),
        enough=lambda so_far: slow(so_far) > most_slow or bad(so_far) > most_bad,
    )
    faults = Counter(fault for fault in map(health_fault, answers) if fault)
    titles = []
    if bad(answers) > most_bad:
        titles.append(f"{bad(answers)} of {len(answers)} requests failed; the limit is {error_rate_limit_percent:g} %")
    if slow(answers) > most_slow:
        titles.append(
            f"the slowest 1 % of requests is over the limit of {p99_limit_seconds:g} s: "
            f"{slow(answers)} of {len(answers)} took longer"
        )
    seconds = sorted(answer.seconds for answer in answers)
    actives = _active_tasks(answers)
    if len(actives) > 1:
        titles.append(f"two tasks say that they are active: {', '.join(actives)}")
    if not titles:
        return _rank(seconds, 99)
    worst = next((answer for answer in answers if health_fault(answer)), max(answers, key=lambda one: one.seconds))
    raise check_failure(
        title=f"{titles[0][0].upper()}{titles[0][1:]}{''.join(f'; {title}' for title in titles[1:])}.",
        asked=f"GET {client.url}{path}, {len(answers)} of {requests} times, {AT_ONCE} at once",
        wanted=f"99 % within {p99_limit_seconds:g} s, at most {error_rate_limit_percent:g} % bad, one active task",
        got=[
            *counted(faults, good=len(answers) - faults.total()),
            f"median {_rank(seconds, 50):.2f} s, 99 % within {_rank(seconds, 99):.2f} s, all in {seconds[-1]:.2f} s",
        ],
        last=[f"the worst  {worst}", *(f"  {line}" for line in worst.details)],
        next_steps=[curl(client, path), "the load balancer's access log tells each request by its id"],
    )


def _rank(ordered: Sequence[float], percent: int) -> float:
    """Nearest rank: the value that so many percent do not exceed."""
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1]


def _active_tasks(answers: Sequence[Response]) -> list[str]:
    """Return the tasks that say they are active in the newest term; a leader that changed meanwhile is none of them."""
    active: dict[object, set[str]] = defaultdict(set)
    for answer in answers:
        if health_fault(answer) is None and answer.task:
            said = said_in(answer)
            leader = said["leader"]
            if said["role"] == "active" and isinstance(leader, dict):
                active[leader.get("epoch")].add(answer.task)
    return next((sorted(tasks) for tasks in active.values() if len(tasks) > 1), [])
