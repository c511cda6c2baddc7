"""The container's contract: the health response of a task."""

import json
from collections.abc import Iterator, Mapping

from integration_tests.http_call import Response

CONTRACT_FIELDS = ("status", "role", "engine", "leader", "version")
"""Fields of the health response."""
ROLES = ("active", "standby")
ENGINE_STATES = ("running", "starting", "stopping", "stopped", "failed", "unreachable")
MAX_LEADER_AGE_SECONDS = 60.0
"""Maximum time since the leader's last heartbeat, of which it sends two a second.

A task reads it every 5 s at the latest and reports health that is up to 10 s old. The rest is for a standby that has
lost the database and the cache for a moment, but still reaches the active task.
"""


def health_fault(response: Response) -> str | None:
    """Return what is wrong with a health response; None if a request to the task would be served.

    Such a response is 200, names its task and has the contract's JSON body.
    """
    if response.problem:
        return response.problem
    if response.status != 200:
        return f"{response.status_line} to {response.shown_location}" if response.location else response.status_line
    fault = _body_fault(response.body)
    if not fault and response.media_type != "application/json":
        fault = "the content type is not application/json"
    if not fault and not response.task:
        fault = "the response does not name its task (X-Yawl-Task)"
    return f"{response.status_line}, but {fault}" if fault else None


def version_fault(response: Response, released: str | None) -> str | None:
    """Return what is wrong with the version in a healthy response; None if it is `released`, or if that is None."""
    version = said_in(response)["version"]
    if released is None or version == released:
        return None
    return f"{response.status_line}, but the version is {str(version)[:60]!r}, not the released {released!r}"


def said_in(response: Response) -> dict[str, object]:
    """Return the body of a healthy response."""
    health: dict[str, object] = json.loads(response.body)
    return health


def epoch_in(response: Response) -> int:
    """Return the epoch of the leader in a healthy response."""
    leader = said_in(response)["leader"]
    epoch = leader["epoch"] if isinstance(leader, dict) else 0
    return int(epoch)


def _body_fault(body: bytes) -> str | None:
    try:
        health = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(health, dict):
        return "the body is not a JSON object" if body else "the body is empty"
    return next((fault for fault in _faults(health) if fault), None)


def _faults(health: Mapping[str, object]) -> Iterator[str | None]:
    missing = [name for name in CONTRACT_FIELDS if health.get(name) in (None, "")]
    yield f"the body lacks {', '.join(missing)}" if missing else None
    yield None if health["status"] == "ok" else "the status is not ok"
    yield "the status is ok, but there is a reason why it is not" if health.get("reason") else None
    yield None if health["role"] in ROLES else f"the role is neither {' nor '.join(ROLES)}"
    yield None if health["engine"] in ENGINE_STATES else f"the engine's state is not one of {', '.join(ENGINE_STATES)}"
    # A standby reports the engine that it forwards requests to.
    yield None if health["engine"] == "running" else f"the {health['role']} task's engine is {health['engine']}"
    yield _leader_fault(health["leader"])
    yield None if isinstance(health["version"], str) else "the version is not a string"


def _leader_fault(leader: object) -> str | None:
    if not isinstance(leader, dict) or not {"age_seconds", "epoch"} <= leader.keys():
        return "the body lacks leader.age_seconds or leader.epoch"
    age, epoch = leader["age_seconds"], leader["epoch"]
    # JSON's true and false are numbers in Python.
    if isinstance(age, bool) or not isinstance(age, int | float) or not age >= 0:
        return "leader.age_seconds is not a number from 0"
    if age > MAX_LEADER_AGE_SECONDS:
        return f"the leader has been silent for more than {MAX_LEADER_AGE_SECONDS:g} s"
    if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 1:
        return "leader.epoch is not a whole number from 1"
    return None
