"""Finds broadened permissions and network access."""

from collections.abc import Iterator
from typing import Any, Final

from jobs.change_review.differences import Difference
from jobs.change_review.findings import Finding, fingerprint

SUBJECT: Final = "permissions"


def broadened(stack: str, difference: Difference) -> Iterator[Finding]:
    """Yield a finding if the stack broadens permissions or opens ports."""
    if difference.broadened:
        yield Finding(
            stack=stack,
            subject=SUBJECT,
            title=f"{stack} broadens permissions or opens ports",
            details=tuple(security_lines(difference)),
            change=fingerprint(stack, difference.permissions, difference.rules),
        )


def security_lines(difference: Difference) -> Iterator[str]:
    """Yield one line for each added (+) or removed (-) statement, managed policy and security group rule."""
    for sign, word in (("+", "Additions"), ("-", "Removals")):
        for statement in difference.permissions.get(f"statement{word}", []):
            yield f"{sign} {_statement(statement)}"
        for policy in difference.permissions.get(f"managedPolicy{word}", []):
            yield f"{sign} {_managed_policy(policy)}"
        for direction in ("ingress", "egress"):
            for rule in difference.rules.get(f"{direction}Rule{word}", []):
                yield f"{sign} {direction} {_rule(rule)}"


def _statement(found: dict[str, Any]) -> str:
    value = found.get("value", found) if isinstance(found, dict) else found
    if not isinstance(value, dict):
        return str(value)
    parts = [str(value.get("effect", "")), _targets(value.get("actions")), "on", _targets(value.get("resources"))]
    principals = _targets(value.get("principals"))
    if principals != "nothing":
        parts += ["by", principals]
    if value.get("condition"):
        parts += ["if", str(value["condition"])]
    return " ".join(parts)


def _targets(found: dict[str, Any] | None) -> str:
    if not found or not found.get("values"):
        return "nothing"
    return ("not " if found.get("not") else "") + ", ".join(str(value) for value in found["values"])


def _managed_policy(found: dict[str, Any]) -> str:
    value = found.get("value", found)
    if not isinstance(value, dict):
        return str(value)
    return f"{value.get('managedPolicyArn')} attached to {value.get('identityArn')}"


def _rule(found: dict[str, Any]) -> str:
    first, last = found.get("fromPort"), found.get("toPort")
    ports = "all ports" if first is None else f"port {first}" if first == last else f"ports {first}-{last}"
    peer = found.get("peer") or {}
    who = next((str(value) for name, value in peer.items() if name != "kind"), "unknown")
    return f"{found.get('ipProtocol')} {ports} of {found.get('groupId')}, peer {who}"
