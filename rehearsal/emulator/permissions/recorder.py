"""The record of evaluated calls: how often each was made, its decision, and which statements allowed it."""

import threading
from collections import Counter
from typing import Any

from rehearsal.emulator.permissions import evaluation, grants
from rehearsal.emulator.permissions.evaluation import Decision, Kind, Reason

_lock = threading.Lock()
_calls: Counter[tuple[str, str, str, str]] = Counter()
"""By principal (a role's ARN or a service's name), action, resource and reason."""
_used: set[tuple[str, str, int]] = set()
"""Statements that allowed a call: owner, policy name and index."""
refused: list[dict[str, Any]] = []
"""Every refused call, in order; a repeated call only raises the count."""
_positions: dict[tuple[str, str, str, str], int] = {}
open_questions: set[tuple[str, str]] = set()
"""Action and resource of calls whose resource does not fit AWS's reference: gaps of the emulator."""


def who(decision: Decision) -> str:
    """Return the principal that a call is recorded for: a session's role, a user, or a service."""
    principal = decision.request.principal
    return principal.role_arn or principal.arn


def note(decision: Decision, *, enforced: bool) -> None:
    """Record a decision, unless the call is the rehearsal's own."""
    request = decision.request
    if request.principal.kind in (Kind.ROOT, Kind.ANONYMOUS):
        return
    key = (who(decision), request.action, request.resource, str(decision.reason))
    with _lock:
        _calls[key] += 1
        for statement in decision.statements:
            if statement.allows:
                owner = who(decision)
                if statement.policy in ("resource-based policy", "key policy", "trust policy"):
                    owner = request.resource
                _used.add((owner, statement.policy, statement.index))
        if decision.allowed:
            return
        if key in _positions:
            refused[_positions[key]]["count"] += 1
            return
        _positions[key] = len(refused)
        refused.append(
            {
                "principal": request.principal.arn,
                "role": who(decision),
                "action": request.action,
                "resource": request.resource,
                "reason": evaluation.because(decision),
                "message": evaluation.refusal(decision),
                "enforced": enforced,
                "count": 1,
                **_place(decision),
            }
        )


def _place(decision: Decision) -> dict[str, str]:
    """Return the place of what to change: the role, or the resource whose policy refuses."""
    request = decision.request
    of_resource = decision.reason in (Reason.NO_RESOURCE_ALLOW, Reason.DENIED_BY_RESOURCE)
    if not of_resource or request.action.startswith("sts:"):
        role = request.resource if of_resource else request.principal.role_arn
        known = grants.roles().get(role, grants.NOWHERE)
        return {"change": "role", **{name: known[name] for name in grants.NOWHERE}}
    return {"change": "resource", **grants.place_of(request.resource)}


def summary() -> dict[str, Any]:
    """Return the report's data: counts, refusals, and each role's used and unused grants."""
    with _lock:
        calls = [(*key, count) for key, count in _calls.items()]
        used = set(_used)
    known = grants.roles()
    roles: dict[str, dict[str, Any]] = {}
    unchecked: list[dict[str, Any]] = []
    for principal, action, resource, reason, count in calls:
        found = roles.setdefault(principal, _role(principal, known))
        if reason == Reason.UNCHECKED:
            unchecked.append({"principal": principal, "action": action, "resource": resource, "reason": reason})
        kept = found["used"] if reason in (Reason.ALLOWED, Reason.UNCHECKED) else found["refused"]
        kept[action] = kept.get(action, 0) + count
    for arn, place in known.items():
        if place["stack"] != grants.BOOTSTRAP:
            roles.setdefault(arn, _role(arn, known))["grants"] = grants.of_role(arn, used)
    return {
        "evaluated": sum(call[-1] for call in calls),
        "refused": list(refused),
        "unchecked": unchecked,
        "roles": roles,
        "used_statements": [list(item) for item in sorted(used)],
        "open_questions": [list(item) for item in sorted(open_questions)],
    }


def _role(principal: str, known: dict[str, dict[str, str]]) -> dict[str, Any]:
    place = known.get(principal, {**grants.NOWHERE, "role": principal})
    return {**place, "used": {}, "refused": {}, "grants": []}


def calls() -> list[tuple[str, str, str, str, int]]:
    """Return every call: principal, action, resource, reason, and how often."""
    with _lock:
        return [(*key, count) for key, count in _calls.items()]
