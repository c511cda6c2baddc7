"""Evaluates the Allow statements in synthesized templates, with the part of IAM that they use.

A reference to a resource of the template is written as its logical id: `<Key.Arn>`.
"""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]
PSEUDO_PARAMETERS = {"AWS::Partition": "aws"}


def allows(
    statements: Iterable[Mapping[str, Any]], action: str, resource: str, keys: Mapping[str, str] | None = None
) -> bool:
    """Return whether a statement allows the action on the resource; `keys` are the request's condition keys."""
    return any(
        statement["Effect"] == "Allow"
        and any(_matches(action.lower(), pattern.lower()) for pattern in as_list(statement["Action"]))
        and any(_matches(resource, in_text(pattern)) for pattern in as_list(statement["Resource"]))
        and _holds(statement.get("Condition", {}), keys or {})
        for statement in statements
    )


def in_text(value: Any) -> str:
    """Return a value of a template as text, with intrinsic functions resolved."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return PSEUDO_PARAMETERS.get(name, f"<{name}>")
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(in_text(part) for part in parts)
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::Partition}", "aws")
    raise AssertionError(f"unsupported intrinsic function: {json.dumps(value)}")


def as_list(value: Any) -> list[Any]:
    """Return a list of what may be one value or a list."""
    return value if isinstance(value, list) else [value]


def _matches(value: str, pattern: str) -> bool:
    # Square brackets mean nothing to IAM.
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _holds(condition: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]) -> bool:
    for operator, wanted in condition.items():
        name = operator.removeprefix("ForAnyValue:")
        assert name in ("StringEquals", "ArnEquals", "ArnLike"), operator
        for key, values in wanted.items():
            exact = name == "StringEquals"
            given = keys.get(key)
            patterns = [in_text(value) for value in as_list(values)]
            if given is None or not any(given == one if exact else _matches(given, one) for one in patterns):
                return False
    return True
