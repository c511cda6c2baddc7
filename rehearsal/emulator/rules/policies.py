"""Policy documents: the faults for which IAM and other services call one malformed.

Source: "Grammar of the IAM JSON policy language" and "Troubleshoot IAM policies", IAM User Guide. The messages are the
API's where they are published, else "Syntax errors in policy".
"""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rehearsal.emulator.internals import here, iam

VERSIONS = ("2012-10-17", "2008-10-17")
ELEMENTS = frozenset(
    "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split()  # noqa: SIM905 - a list of words
)
OPERATORS = frozenset(
    f"{kind}{word}"
    for kind, words in {
        "String": "Equals NotEquals EqualsIgnoreCase NotEqualsIgnoreCase Like NotLike",
        "Numeric": "Equals NotEquals LessThan LessThanEquals GreaterThan GreaterThanEquals",
        "Date": "Equals NotEquals LessThan LessThanEquals GreaterThan GreaterThanEquals",
        "Arn": "Equals NotEquals Like NotLike",
    }.items()
    for word in words.split()
) | {"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"}
ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
SYNTAX = "Syntax errors in policy."
TRUST_ACTIONS = "sts:*"


def statements(document: Any) -> list[dict[str, Any]]:
    """Return a document's statements; a single one need not be in a list."""
    found = _parsed(document)
    inner = found.get("Statement", []) if isinstance(found, dict) else []
    return [item for item in (inner if isinstance(inner, list) else [inner]) if isinstance(item, dict)]


def fault_of_identity_policy(document: Any) -> str | None:
    """Return what is wrong with a policy of a role, user or group, or a managed one; or None."""
    for statement, fault in _checked(document):
        if fault:
            return fault
        if "Principal" in statement or "NotPrincipal" in statement:
            return "Policy document should not specify a principal."
        if ("Resource" in statement) == ("NotResource" in statement):
            return "Policy statement must contain resources."
        for resource in listed(statement.get("Resource", statement.get("NotResource"))):
            if resource != "*" and not (str(resource).startswith("arn:") and str(resource).count(":") >= 5):
                return f'Resource {resource} must be in ARN format or "*".'
        if not re.fullmatch("[0-9A-Za-z]*", str(statement.get("Sid", ""))):
            return (
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
                "[0-9A-Za-z]*"
            )
    return None


def fault_of_trust_policy(document: Any) -> str | None:
    """Return what is wrong with a role's trust policy; or None."""
    for statement, fault in _checked(document):
        if fault:
            return fault
        if "Resource" in statement or "NotResource" in statement:
            return "Has prohibited field Resource"
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        if any(not fnmatchcase(str(action), TRUST_ACTIONS) for action in listed(statement.get("Action", []))):
            return "AssumeRole policy may only specify STS AssumeRole actions."
    return unknown_principal(document)


def fault_of_resource_policy(document: Any, *, needs_resource: bool = True) -> str | None:
    """Return what is wrong with a resource's policy; or None."""
    for statement, fault in _checked(document):
        if fault:
            return fault
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        if needs_resource and "Resource" not in statement and "NotResource" not in statement:
            return "Missing required field Resource"
    return unknown_principal(document)


def unknown_principal(document: Any) -> str | None:
    """Return the message for a principal of this account that does not exist.

    Other accounts' principals are not checked: the rehearsal prepares accounts in parallel.
    """
    account, _ = here()
    for statement in statements(document):
        for principal in principals(statement):
            match = re.fullmatch(rf"arn:aws[a-z-]*:iam::{account}:(role|user)/(?:.*/)?([^/]+)", principal)
            if match is None:
                continue
            kept = iam._roles if match[1] == "role" else iam._users
            if match[2] != "*" and match[2] not in kept:
                return f'Invalid principal in policy: "AWS":"{principal}"'
    return None


def principals(statement: Mapping[str, Any]) -> list[str]:
    """Return the AWS principals of a statement; `*` for everybody."""
    found = statement.get("Principal")
    if isinstance(found, dict):
        return [str(item) for item in listed(found.get("AWS", []))]
    return ["*"] if found == "*" else []


def service_principals(statement: Mapping[str, Any]) -> list[str]:
    """Return the services that a statement is for."""
    found = statement.get("Principal")
    return [str(item) for item in listed(found.get("Service", []))] if isinstance(found, dict) else []


def allows(statement: Mapping[str, Any], action: str) -> bool:
    """Return whether a statement allows an action, its conditions aside."""
    if statement.get("Effect") != "Allow":
        return False
    if "NotAction" in statement:
        return not any(matches(pattern, action) for pattern in listed(statement["NotAction"]))
    return any(matches(pattern, action) for pattern in listed(statement.get("Action", [])))


def matches(pattern: Any, text: str) -> bool:
    """Return whether an action or resource matches a pattern with `*` and `?`."""
    return fnmatchcase(text.lower(), str(pattern).lower().replace("[", "[[]"))


def listed(value: Any) -> list[Any]:
    """Return one value, or several, as a list."""
    return value if isinstance(value, list) else [value]


def size(document: Any) -> int:
    """Return a document's characters as IAM counts them: without white space (IAM and STS quotas)."""
    return len(json.dumps(_parsed(document), separators=(",", ":")))


def _parsed(document: Any) -> Any:
    if isinstance(document, str):
        try:
            return json.loads(document)
        except ValueError:
            return None
    return document


def _checked(document: Any) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each statement with its fault, or the document's fault."""
    found = _parsed(document)
    if not isinstance(found, dict) or not statements(found) or found.get("Version", VERSIONS[0]) not in VERSIONS:
        yield {}, SYNTAX
        return
    names = [statement["Sid"] for statement in statements(found) if statement.get("Sid")]
    if len(set(names)) < len(names):
        yield {}, "Statement IDs (SID) in a single policy must be unique."
        return
    for statement in statements(found):
        yield statement, _fault(statement)


def _fault(statement: Mapping[str, Any]) -> str | None:
    if set(statement) - ELEMENTS or statement.get("Effect") not in ("Allow", "Deny"):
        return SYNTAX
    if ("Action" in statement) == ("NotAction" in statement):
        return SYNTAX if "Action" in statement else "Policy statement must contain actions."
    for action in listed(statement.get("Action", statement.get("NotAction"))):
        if not ACTION.fullmatch(str(action)):
            return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    for operator in statement.get("Condition") or {}:
        plain = operator.rpartition(":")[2].removesuffix("IfExists")
        if plain not in OPERATORS:
            return f"Invalid Condition type : {operator}."
    return None
