"""What the load balancer must answer to anybody: its health path well, everything else with 403."""

import json
import shlex

from integration_tests.failure import screen
from integration_tests.front_door import REQUEST_SECONDS, Answer, FrontDoor
from integration_tests.waiting import Observation, Patience

CONTRACT_FIELDS = ("status", "role", "engine")
"""What the container's answer at least says of itself."""
ROLES = ("active", "standby")
FORGIVEN_BREAKS = 1
"""A single lost answer while tasks still start is forgiven; an environment that turns bad twice is flapping."""


def health_fault(answer: Answer) -> str | None:
    """Name what keeps an answer from being healthy: 2xx with the container contract's JSON body; None: nothing."""
    if answer.problem:
        return answer.problem
    if not 200 <= answer.status < 300:
        return f"{answer.status_line} to {answer.location}" if answer.location else answer.status_line
    fault = _body_fault(answer.body)
    return f"{answer.status_line}, but {fault}" if fault else None


def _body_fault(body: bytes) -> str | None:
    if not body:
        return "the body is empty"
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(said, dict):
        return "the body is not a JSON object"
    missing = [name for name in CONTRACT_FIELDS if said.get(name) in (None, "")]
    if missing:
        return f"the body does not say {', '.join(missing)}"
    return None if said["role"] in ROLES else f"the role is neither {' nor '.join(ROLES)}"


def health_path_answers(
    front_door: FrontDoor, *, path: str, in_a_row: int, patience: Patience, request_seconds: float = REQUEST_SECONDS
) -> None:
    """Wait until the health path answers well so many times in a row; raise CheckFailed when it does not."""

    def look() -> Observation:
        answer = front_door.get(path, seconds=patience.look_limit(request_seconds))
        return Observation(fault=health_fault(answer), text=str(answer))

    history = patience.until(look, in_a_row=in_a_row, forgiven_breaks=FORGIVEN_BREAKS)
    if history.reached:
        return
    if history.breaks > FORGIVEN_BREAKS:
        title = f"The health path is flapping: it answered well and turned bad again, {history.breaks} times."
    elif history.longest_streak:
        title = f"The health path answered well {history.longest_streak} of {in_a_row} times in a row, no more."
    else:
        title = f"The health path never answered well within the deadline of {patience.deadline_seconds:g} s."
    raise screen(
        title=title,
        asked=f"GET {front_door.url}{path}",
        wanted=f"{in_a_row} in a row of: 2xx, JSON with {', '.join(CONTRACT_FIELDS)}; role {' or '.join(ROLES)}",
        history=history,
        look_further=[_curl(front_door, path)],
    )


def other_path_is_forbidden(
    front_door: FrontDoor, *, path: str, patience: Patience, request_seconds: float = REQUEST_SECONDS
) -> None:
    """Ask for a path that only CloudFront may ask for; raise CheckFailed unless the answer is 403.

    A lost connection is asked again within the deadline; an answer is judged as it comes.
    """

    def look() -> Observation:
        answer = front_door.get(path, seconds=patience.look_limit(request_seconds))
        fault = None if answer.status == 403 else answer.status_line or answer.problem
        return Observation(fault=fault, text=str(answer), final=answer.status != 0)

    history = patience.until(look)
    if history.reached:
        return
    answered = history.last[-1][1].final
    raise screen(
        title=f"The load balancer lets anybody through to {path}: only what comes through CloudFront may pass."
        if answered
        else f"The load balancer did not answer {path} within the deadline of {patience.deadline_seconds:g} s.",
        asked=f"GET {front_door.url}{path} without the secret origin header",
        wanted="403 Forbidden",
        history=history,
        look_further=[
            _curl(front_door, path),
            *(["the listener's rules: the default action must be the fixed answer 403"] if answered else []),
        ],
    )


def _curl(front_door: FrontDoor, path: str) -> str:
    return f"curl -i --max-time {REQUEST_SECONDS:g} {shlex.quote(front_door.url + path)}"
