"""Policy documents, parsed into statements with their position, and the documents of AWS managed policies."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

MANAGED_PREFIX = "arn:aws:iam::aws:policy/"
MANAGED_POLICIES = Path(__file__).with_name("aws_managed_policies.json")
"""What `aws iam get-policy-version` returns for each AWS managed policy that our accounts use, with the version's id.

A policy missing from it grants nothing. A call that no other policy allows is then reported as not checked, because AWS
might allow or refuse it.
"""

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By operator: by condition key: the values the policy gives."""


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a policy."""

    policy: str
    """Its policy: an inline policy's name, a managed policy's ARN, or `resource-based policy`."""
    index: int
    """Its index in the policy, from 0."""
    sid: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principal: Any
    """The Principal element, as written; None in an identity-based policy."""
    not_principal: Any
    conditions: Conditions
    _actions_of: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def names_action(self, action: str) -> bool:
        """Whether its Action, or NotAction, covers the action."""
        name = action.lower()
        if self.not_actions:
            return not any(matches(name, pattern) for pattern in self.not_actions)
        # ReadOnlyAccess names 1,400 actions: compare only those of the call's service.
        service = name.partition(":")[0]
        if service not in self._actions_of:
            self._actions_of[service] = tuple(
                pattern for pattern in self.actions if matches(service, pattern.partition(":")[0])
            )
        return any(matches(name, pattern) for pattern in self._actions_of[service])


Policy = tuple[Statement, ...]
"""The statements of one policy document."""


def read(name: str, document: str | Mapping[str, Any] | None) -> Policy:
    """Return the statements of a policy document, given as JSON or as an object."""
    if not document:
        return ()
    return _read(name, document if isinstance(document, str) else json.dumps(document, sort_keys=True))


@lru_cache(maxsize=4096)
def _read(name: str, document: str) -> Policy:
    statements = json.loads(document).get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    return tuple(_statement(name, index, statement) for index, statement in enumerate(statements))


def _statement(policy: str, index: int, statement: Mapping[str, Any]) -> Statement:
    return Statement(
        policy=policy,
        index=index,
        sid=statement.get("Sid", ""),
        allows=statement["Effect"] == "Allow",
        actions=tuple(action.lower() for action in texts(statement.get("Action"))),
        not_actions=tuple(action.lower() for action in texts(statement.get("NotAction"))),
        resources=texts(statement.get("Resource")),
        not_resources=texts(statement.get("NotResource")),
        principal=statement.get("Principal"),
        not_principal=statement.get("NotPrincipal"),
        conditions={
            operator: {key: texts(values) for key, values in keys.items()}
            for operator, keys in (statement.get("Condition") or {}).items()
        },
    )


def texts(value: Any) -> tuple[str, ...]:
    """Return one value or a list of them as texts, as JSON spells them."""
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    return tuple(item if isinstance(item, str) else json.dumps(item) for item in values)


def matches(value: str, pattern: str) -> bool:
    """Whether the value matches a pattern in which `*` is any text and `?` any character."""
    if pattern == "*":
        return True
    if "*" not in pattern and "?" not in pattern:
        return value == pattern
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=16384)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character) or re.escape(character) for character in pattern), re.DOTALL)


def managed_policy(arn: str) -> dict[str, Any] | None:
    """Return the document of an AWS managed policy; None if it is missing here."""
    found = _managed_policies().get(arn)
    return found["document"] if found else None


@cache
def _managed_policies() -> dict[str, Any]:
    return json.loads(MANAGED_POLICIES.read_text())
