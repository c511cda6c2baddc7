"""The keyword `type`: what CloudFormation accepts as which type."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rehearsal.emulator.rules.schema_keywords.compiler import Check, Compile, Compiler, Fault


def is_number(value: Any) -> bool:
    """Return whether CloudFormation accepts the value as a number."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return is_number(value) and float(value).is_integer()


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "array": ("JSONArray", lambda value: isinstance(value, list)),
    "boolean": ("Boolean", _is_boolean),
    "integer": ("Integer", _is_integer),
    "null": ("Null", lambda value: value is None),
    "number": ("Number", is_number),
    "object": ("JSONObject", lambda value: isinstance(value, dict)),
    "string": ("String", lambda value: isinstance(value, str | int | float)),
}
"""A schema's types: CloudFormation's name of each, and the test of a value."""


def _type(types: Any, _schema: dict[str, Any], _compiler: Compiler) -> Check:
    names = types if isinstance(types, list) else [types]
    tests = [TYPES[name][1] for name in names]
    expected = " or ".join(TYPES[name][0] for name in names)

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not any(test(value) for test in tests):
            yield f"{path}: expected type: {expected}, found: {_found(value)}"

    return check


def _found(value: Any) -> str:
    order = ("object", "array", "null", "boolean", "integer", "number", "string")
    if isinstance(value, str):
        return "String"
    return next(TYPES[name][0] for name in order if TYPES[name][1](value))


KEYWORDS: Final[Mapping[str, Compile]] = {
    "type": _type,
}
