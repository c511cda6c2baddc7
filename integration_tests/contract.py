"""The container's contract: the health response of a task."""

import json
from collections.abc import Iterator, Mapping

from integration_tests.http_call import Response

CONTRACT_FIELDS = ("status", "role", "engine", "leader", "version")
"""Fields of the health response."""
ROLES = ("active", "standby")
ENGINE_STATES = ("running", "starting", "stopping", "stopped", "failed", "unreachable")


def health_fault(response: Response) -> str | None:
    """Return what is wrong with a health response; None if it is 200 with the contract's JSON body."""
    if response.problem:
        return response.problem
    if response.status != 200:
        return f"{response.status_line} to {response.shown_location}" if response.location else response.status_line
    fault = _body_fault(response.body)
    return f"{response.status_line}, but {fault}" if fault else None


def said_in(response: Response) -> dict[str, object]:
    """Return the body of a healthy response."""
    said: dict[str, object] = json.loads(response.body)
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
    yield f"the body lacks {', '.join(missing)}" if missing else None
    yield None if said["status"] == "ok" else "the status is not ok"
    yield None if said["role"] in ROLES else f"the role is neither {' nor '.join(ROLES)}"
    yield None if said["engine"] in ENGINE_STATES else f"the engine's state is not one of {', '.join(ENGINE_STATES)}"
    runs = said["engine"] == "running" or said["role"] != "active"
    yield None if runs else f"the active task's engine is {said['engine']}"
    yield _leader_fault(said["leader"])


def _leader_fault(leader: object) -> str | None:
    if not isinstance(leader, dict) or "age_seconds" not in leader:
        return "the body lacks leader.age_seconds"
    age = leader["age_seconds"]
    if age is not None and (isinstance(age, bool) or not isinstance(age, int | float) or not age >= 0):
        return "leader.age_seconds is not a number from 0"
    return None
