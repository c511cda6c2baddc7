"""What was evaluated: every call once, how often, how it was decided, and which statements allowed it."""

import threading
from collections import Counter
from typing import Any

from rehearsal.emulator.internals import cloudformation
from rehearsal.emulator.permissions import messages
from rehearsal.emulator.permissions.evaluation import Decision, Kind, Reason

_lock = threading.Lock()
_calls: Counter[tuple[str, str, str, str]] = Counter()
"""By principal (a role's ARN or a service's name), action, resource and reason."""
_used: set[tuple[str, str, int]] = set()
"""Statements that allowed a call: whose they are, the policy's name, and the place in it."""
refused: list[dict[str, Any]] = []
"""Every refused call, in order; the same call again only raises its count."""
_positions: dict[tuple[str, str, str, str], int] = {}
open_questions: set[tuple[str, str]] = set()
"""Action and resource of calls whose resource does not fit AWS's reference: gaps of the emulator, not of a release."""


def who(decision: Decision) -> str:
    """Return whom a call counts for: a session's role, a user, or a service."""
    principal = decision.request.principal
    return principal.role_arn or principal.arn


def note(decision: Decision, *, enforced: bool) -> None:
    """Keep a decision; the rehearsal's own calls are left out."""
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
                "role": request.principal.role_arn,
                "action": request.action,
                "resource": request.resource,
                "reason": messages.because(decision),
                "message": messages.refusal(decision),
                "enforced": enforced,
                "count": 1,
                **_origin(request.principal.role_arn),
            }
        )


def _origin(role_arn: str) -> dict[str, str]:
    """Return the stack and logical id of a role, by which its construct is found."""
    parts = role_arn.split(":", 5)
    name = role_arn.rpartition("/")[2]
    for key, stack in list(cloudformation._stacks._data.items()):
        if key[0] != parts[4]:
            continue
        for logical_id, resource in (stack.get("_resources") or {}).items():
            if resource.get("ResourceType") == "AWS::IAM::Role" and resource.get("PhysicalResourceId") == name:
                return {"stack": stack.get("StackName", ""), "logical_id": logical_id}
    return {"stack": "", "logical_id": ""}


def summary() -> dict[str, Any]:
    """Return what a report needs: counts, refusals, and per principal what was used."""
    with _lock:
        calls = [(*key, count) for key, count in _calls.items()]
        used = sorted(_used)
    roles: dict[str, dict[str, Any]] = {}
    for principal, action, resource, reason, count in calls:
        found = roles.setdefault(principal, {"used": {}, "refused": {}, "unchecked": 0})
        if reason == Reason.UNCHECKED:
            found["unchecked"] += count
        kept = found["used"] if reason in (Reason.ALLOWED, Reason.UNCHECKED) else found["refused"]
        kept.setdefault(action, {})
        kept[action][resource] = kept[action].get(resource, 0) + count
    return {
        "evaluated": sum(call[-1] for call in calls),
        "refused": list(refused),
        "roles": roles,
        "used_statements": [{"owner": owner, "policy": policy, "index": index} for owner, policy, index in used],
        "open_questions": sorted(open_questions),
    }
