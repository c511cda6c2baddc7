"""Checks whether the deployed policies allow what a release needs. Needs only the standard library."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, order=True)
class Lack:
    """An action that a release needs and no deployed policy allows."""

    action: str
    resources: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.action} on {', '.join(self.resources)}"


def lacks(needed: Iterable[Mapping[str, Any]], granted: Iterable[Mapping[str, Any]]) -> list[Lack]:
    """Return what the policy documents `needed` allow and `granted` do not.

    A granted pattern covers every narrower pattern. A granted statement counts only if the needed one has all of its
    conditions. Deny statements are ignored, because the generated policies have none.
    """
    allowing = [one for document in granted for one in _statements(document)]
    found = set()
    for document in needed:
        for statement in _statements(document):
            for action in _list(statement["Action"]):
                resources = tuple(
                    resource
                    for resource in _list(statement["Resource"])
                    if not any(_covers(one, action, resource, statement.get("Condition", {})) for one in allowing)
                )
                if resources:
                    found.add(Lack(action, resources))
    return sorted(found)


def _statements(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for statement in _list(document.get("Statement", [])):
        if statement.get("Effect") == "Allow" and "Action" in statement and "Resource" in statement:
            yield statement


def _covers(granted: Mapping[str, Any], action: str, resource: str, condition: Mapping[str, Any]) -> bool:
    return (
        any(_matches(action.lower(), pattern.lower()) for pattern in _list(granted["Action"]))
        and any(_matches(resource, pattern) for pattern in _list(granted["Resource"]))
        and all(
            set(_list(condition.get(operator, {}).get(key, []))) <= set(_list(values))
            and key in condition.get(operator, {})
            for operator, keys in granted.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _matches(text: str, pattern: str) -> bool:
    """Tell whether the pattern matches the text, which may itself contain `*`."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in pattern)
    )


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
