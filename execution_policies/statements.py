"""Policy statements, merged and packed into as few policies as IAM's size limits allow."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from execution_policies.errors import PolicyError

MOST_CHARACTERS: Final = 6_144
"""Size limit of a managed policy, without white space (IAM User Guide, "IAM and AWS STS quotas")."""
MOST_POLICIES: Final = 10
"""Default quota of managed policies per role (same source)."""
MOST_POLICIES_RAISED: Final = 20
"""The highest value to which that quota can be raised (same source)."""


@dataclass(frozen=True, order=True)
class Statement:
    """A statement that allows actions on resources, under a condition."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str = "{}"
    """As JSON."""

    def as_json(self) -> dict[str, Any]:
        """Return the statement as in a policy document."""
        found: dict[str, Any] = {
            "Effect": "Allow",
            "Action": _one_or_list(self.actions),
            "Resource": _one_or_list(self.resources),
        }
        if condition := json.loads(self.condition):
            found["Condition"] = condition
        return found


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return the policy document with these statements."""
    return {"Version": "2012-10-17", "Statement": [statement.as_json() for statement in statements]}


def size(policy: Any) -> int:
    """Return the number of characters of a policy document as IAM counts them."""
    return len(json.dumps(policy, separators=(",", ":")))


def merged(statements: Iterable[Statement]) -> list[Statement]:
    """Merge the statements that have the same resources and condition."""
    actions: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for one in statements:
        actions[one.resources, one.condition] |= set(one.actions)
    return sorted(Statement(tuple(sorted(names)), *key) for key, names in actions.items())


def packed(statements: Sequence[Statement]) -> list[list[Statement]]:
    """Distribute the statements over few policies: the longest first, each into the first policy with room."""
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
    """Split the statement by actions until each part fits into a policy."""
    if size(statement.as_json()) <= room:
        return [statement]
    if len(statement.actions) == 1:
        raise PolicyError(
            f"{statement.actions[0]}: its {len(statement.resources)} resources exceed the size of one policy; "
            "move some environments to separate accounts"
        )
    middle = len(statement.actions) // 2
    halves = (statement.actions[:middle], statement.actions[middle:])
    return [
        part for half in halves for part in _fitting(Statement(half, statement.resources, statement.condition), room)
    ]


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
