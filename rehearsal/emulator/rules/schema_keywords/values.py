"""Keywords that constrain a plain value, or a size."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from rehearsal.emulator.rules.schema_keywords.compiler import Check, Compile, Compiler, Fault
from rehearsal.emulator.rules.schema_keywords.types import is_number

_regex: Any = import_module("regex")
"""cfn-lint's own library for patterns: some are written for Java, with `\\p{L}`, which Python's `re` does not know."""


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _enum(allowed: list[Any], _schema: dict[str, Any], _compiler: Compiler) -> Check:
    texts = {_text(item) for item in allowed}

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, (dict, list)) and _text(value) not in texts:
            yield f"{path}: {_text(value)} is not a valid enum value"

    return check


def _enum_ignoring_case(allowed: list[Any], _schema: dict[str, Any], _compiler: Compiler) -> Check:
    texts = {_text(item).lower() for item in allowed}

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, (dict, list)) and _text(value).lower() not in texts:
            yield f"{path}: {_text(value)} is not a valid enum value"

    return check


def _const(expected: Any, _schema: dict[str, Any], _compiler: Compiler) -> Check:
    return limit("const", lambda value: isinstance(value, (dict, list)) or _text(value) == _text(expected))


def limit(keyword: str, holds: Callable[[Any], bool]) -> Check:
    """Return the check of a keyword whose message names only the keyword."""

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not holds(value):
            yield f"{path}: failed validation constraint for keyword [{keyword}]"

    return check


def _pattern(pattern: str, _schema: dict[str, Any], _compiler: Compiler) -> Check:
    matches = matcher(pattern)
    return limit("pattern", lambda value: not isinstance(value, str) or matches(value))


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test of whether a text contains the pattern; a pattern that does not compile matches everything."""
    try:
        expression = _regex.compile(pattern)
    except _regex.error:
        return lambda _text: True
    return lambda text: expression.search(text) is not None


def _of_number(keyword: str, holds: Callable[[float, float], bool]) -> Compile:
    def build(bound: Any, _schema: dict[str, Any], _compiler: Compiler) -> Check:
        return limit(keyword, lambda value: not is_number(value) or holds(float(value), float(bound)))

    return build


def _of_size(keyword: str, kind: type | tuple[type, ...], holds: Callable[[int, int], bool]) -> Compile:
    def build(bound: Any, _schema: dict[str, Any], _compiler: Compiler) -> Check:
        return limit(keyword, lambda value: not isinstance(value, kind) or holds(len(value), int(bound)))

    return build


KEYWORDS: Final[Mapping[str, Compile]] = {
    "enum": _enum,
    "enumCaseInsensitive": _enum_ignoring_case,
    "const": _const,
    "pattern": _pattern,
    "minimum": _of_number("minimum", lambda value, bound: value >= bound),
    "maximum": _of_number("maximum", lambda value, bound: value <= bound),
    "exclusiveMinimum": _of_number("exclusiveMinimum", lambda value, bound: value > bound),
    "exclusiveMaximum": _of_number("exclusiveMaximum", lambda value, bound: value < bound),
    "minLength": _of_size("minLength", str, lambda size, bound: size >= bound),
    "maxLength": _of_size("maxLength", str, lambda size, bound: size <= bound),
    "minItems": _of_size("minItems", list, lambda size, bound: size >= bound),
    "maxItems": _of_size("maxItems", list, lambda size, bound: size <= bound),
    "minProperties": _of_size("minProperties", dict, lambda size, bound: size >= bound),
    "maxProperties": _of_size("maxProperties", dict, lambda size, bound: size <= bound),
}
