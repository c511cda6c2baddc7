"""What a task says on its health path when it is well: the container's contract."""

import json
from collections.abc import Iterator, Mapping

from integration_tests.http_call import Response

CONTRACT_FIELDS = ("status", "role", "engine", "leader", "version")
"""What the container's answer says of itself."""
ROLES = ("active", "standby")
ENGINE_STATES = ("running", "starting", "stopping", "stopped", "failed", "unreachable")


def health_fault(answer: Response) -> str | None:
    """Name what keeps an answer from being healthy: 200 with the container contract's JSON body; None: nothing."""
    if answer.problem:
        return answer.problem
    if answer.status != 200:
        return f"{answer.status_line} to {answer.shown_location}" if answer.location else answer.status_line
    fault = _body_fault(answer.body)
    return f"{answer.status_line}, but {fault}" if fault else None


def said_in(answer: Response) -> dict[str, object]:
    """Return the object that a healthy answer's body is."""
    said: dict[str, object] = json.loads(answer.body)
    return said


def _body_fault(body: bytes) -> str | None:
    try:
        said = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(said, dict):
        return "the body is not a JSON object" if body else "the body is empty"
    return next((fault for fault in _faults(said) if fault), None)


def _faults(said: Mapping[str, object]) -> Iterator[str | None]:
    missing = [name for name in CONTRACT_FIELDS if said.get(name) in (None, "")]
    yield f"the body does not say {', '.join(missing)}" if missing else None
    yield None if said["status"] == "ok" else "the status is not ok"
    yield None if said["role"] in ROLES else f"the role is neither {' nor '.join(ROLES)}"
    yield None if said["engine"] in ENGINE_STATES else f"the engine is none of {', '.join(ENGINE_STATES)}"
    runs = said["engine"] == "running" or said["role"] != "active"
    yield None if runs else f"the active task's engine is {said['engine']}"
    yield _leader_fault(said["leader"])


def _leader_fault(leader: object) -> str | None:
    if not isinstance(leader, dict) or "age_seconds" not in leader:
        return "the body does not say leader.age_seconds"
    age = leader["age_seconds"]
    if age is not None and (isinstance(age, bool) or not isinstance(age, int | float) or not age >= 0):
        return "leader.age_seconds is no age"
    return None
