"""Statements of policies, as few and as short as they can be, and what IAM says of their size."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from execution_policies.errors import PolicyError

MOST_CHARACTERS: Final = 6_144
"""Of a managed policy, white space not counted (IAM User Guide, "IAM and AWS STS quotas")."""
MOST_POLICIES: Final = 10
"""Managed policies of a role, unless the quota was raised (the same)."""
MOST_POLICIES_RAISED: Final = 20
"""And if it was (the same)."""


@dataclass(frozen=True, order=True)
class Statement:
    """What is allowed."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str = "{}"
    """As JSON."""

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a policy document."""
        found: dict[str, Any] = {
            "Effect": "Allow",
            "Action": _alone_or_all(self.actions),
            "Resource": _alone_or_all(self.resources),
        }
        if condition := json.loads(self.condition):
            found["Condition"] = condition
        return found


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return the policy document with these statements."""
    return {"Version": "2012-10-17", "Statement": [statement.as_json() for statement in statements]}


def size(policy: Any) -> int:
    """Return the characters of a policy document as IAM counts them."""
    return len(json.dumps(policy, separators=(",", ":")))


def merged(statements: Iterable[Statement]) -> list[Statement]:
    """Return the statements with one for each set of resources and condition."""
    actions: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for one in statements:
        actions[one.resources, one.condition] |= set(one.actions)
    return sorted(Statement(tuple(sorted(names)), *key) for key, names in actions.items())


def packed(statements: Sequence[Statement]) -> list[list[Statement]]:
    """Return the statements in as few policies as they fit into, the longest first into the first that has room."""
    empty = size(document(()))
    parts = [part for statement in statements for part in _fitting(statement, MOST_CHARACTERS - empty)]
    policies: list[list[Statement]] = []
    for part in sorted(parts, key=lambda one: (-size(one.as_json()), one)):
        for policy in policies:
            if size(document([*policy, part])) <= MOST_CHARACTERS:
                policy.append(part)
                break
        else:
            policies.append([part])
    return [sorted(policy) for policy in policies]


def _fitting(statement: Statement, room: int) -> list[Statement]:
    """Return the statement in parts that each fit into a policy."""
    if size(statement.as_json()) <= room:
        return [statement]
    if len(statement.actions) == 1:
        raise PolicyError(f"{statement.actions[0]} names too many resources for one policy: {len(statement.resources)}")
    middle = len(statement.actions) // 2
    halves = (statement.actions[:middle], statement.actions[middle:])
    return [
        part for half in halves for part in _fitting(Statement(half, statement.resources, statement.condition), room)
    ]


def _alone_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
