"""Validates a resource's properties against its schema, with the messages of CloudFormation's own validator.

A schema is compiled into functions once; a check then takes microseconds. As in CloudFormation, `"20"` is a valid
integer, and 20 a valid string. Keywords that the emulator cannot check, such as `format`, are ignored.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

Fault = str
"""One fault: `#/RetentionInDays: 17 is not a valid enum value`."""
Check = Callable[[Any, str], Iterator[Fault]]
"""Returns the faults of a value at a path."""

_regex: Any = import_module("regex")
"""cfn-lint's own library for patterns: some are written for Java, with `\\p{L}`, which Python's `re` does not know."""

Compile = Callable[[Any, dict[str, Any], "Compiler"], Check]


class Compiler:
    """Compiles a schema and its references into one check."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._known: dict[str, Check] = {}

    def check(self, schema: Any) -> Check:
        """Return the check of a schema or a part of one."""
        if schema is True or schema is None:
            return _nothing
        if schema is False:
            return lambda _value, path: iter((f"{path}: nothing is permitted here",))
        if "$ref" in schema:
            return self._referred(schema["$ref"])
        checks = [KEYWORDS[name](value, schema, self) for name, value in schema.items() if name in KEYWORDS]
        return _all(checks)

    def _referred(self, pointer: str) -> Check:
        # Definitions may refer to themselves, so the check is looked up when it is used.
        if pointer not in self._known:
            self._known[pointer] = _nothing
            self._known[pointer] = self.check(self._resolve(pointer))
        return partial(self._check_reference, pointer)

    def _check_reference(self, pointer: str, value: Any, path: str) -> Iterator[Fault]:
        return self._known[pointer](value, path)

    def _resolve(self, pointer: str) -> Any:
        found: Any = self._document
        for part in pointer.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found


def compiled(document: dict[str, Any]) -> Check:
    """Return the check of a whole schema."""
    return Compiler(document).check(document)


def _nothing(_value: Any, _path: str) -> Iterator[Fault]:
    return iter(())


def _all(checks: list[Check]) -> Check:
    if not checks:
        return _nothing
    if len(checks) == 1:
        return checks[0]

    def check(value: Any, path: str) -> Iterator[Fault]:
        for one in checks:
            yield from one(value, path)

    return check


# Types ---------------------------------------------------------------------------------------------------------------


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "array": ("JSONArray", lambda value: isinstance(value, list)),
    "boolean": ("Boolean", _is_boolean),
    "integer": ("Integer", _is_integer),
    "null": ("Null", lambda value: value is None),
    "number": ("Number", _is_number),
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


# Values --------------------------------------------------------------------------------------------------------------


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
    return _limit("const", lambda value: isinstance(value, (dict, list)) or _text(value) == _text(expected))


def _limit(keyword: str, holds: Callable[[Any], bool]) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        if not holds(value):
            yield f"{path}: failed validation constraint for keyword [{keyword}]"

    return check


def _pattern(pattern: str, _schema: dict[str, Any], _compiler: Compiler) -> Check:
    matches = _matcher(pattern)
    return _limit("pattern", lambda value: not isinstance(value, str) or matches(value))


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test of whether a text contains the pattern; a pattern that does not compile matches everything."""
    try:
        expression = _regex.compile(pattern)
    except _regex.error:
        return lambda _text: True
    return lambda text: expression.search(text) is not None


def _of_number(keyword: str, holds: Callable[[float, float], bool]) -> Compile:
    def build(bound: Any, _schema: dict[str, Any], _compiler: Compiler) -> Check:
        return _limit(keyword, lambda value: not _is_number(value) or holds(float(value), float(bound)))

    return build


def _of_size(keyword: str, kind: type | tuple[type, ...], holds: Callable[[int, int], bool]) -> Compile:
    def build(bound: Any, _schema: dict[str, Any], _compiler: Compiler) -> Check:
        return _limit(keyword, lambda value: not isinstance(value, kind) or holds(len(value), int(bound)))

    return build


# Lists and objects ---------------------------------------------------------------------------------------------------


def _items(items: Any, schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = compiler.check(items)
    first = len(schema.get("prefixItems", ()))

    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, list):
            for index, item in enumerate(value[first:], first):
                yield from inner(item, f"{path}/{index}")

    return check


def _prefix_items(items: list[Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = [compiler.check(item) for item in items]

    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, list):
            for index, (item, one) in enumerate(zip(value, inner, strict=False)):
                yield from one(item, f"{path}/{index}")

    return check


def _unique_items(enabled: bool, _schema: dict[str, Any], _compiler: Compiler) -> Check:
    if not enabled:
        return _nothing

    def holds(value: Any) -> bool:
        if not isinstance(value, list):
            return True
        texts = [json.dumps(item, sort_keys=True, default=str) for item in value]
        return len(set(texts)) == len(texts)

    return _limit("uniqueItems", holds)


def _properties(properties: dict[str, Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = {name: compiler.check(schema) for name, schema in properties.items()}

    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name, item in value.items():
                if name in inner:
                    yield from inner[name](item, f"{path}/{name}")

    return check


def _pattern_properties(patterns: dict[str, Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = [(_matcher(pattern), compiler.check(schema)) for pattern, schema in patterns.items()]

    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name, item in value.items():
                for matches, one in inner:
                    if matches(name):
                        yield from one(item, f"{path}/{name}")

    return check


def _additional_properties(additional: Any, schema: dict[str, Any], compiler: Compiler) -> Check:
    if additional is True:
        return _nothing
    named = schema.get("properties", {})
    patterns = [_matcher(pattern) for pattern in schema.get("patternProperties", {})]
    inner = compiler.check(additional) if additional else None

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            return
        for name, item in value.items():
            if name in named or any(matches(name) for matches in patterns):
                continue
            if inner is None:
                yield f"{path}: extraneous key [{name}] is not permitted"
            else:
                yield from inner(item, f"{path}/{name}")

    return check


def _required(names: list[str], _schema: dict[str, Any], _compiler: Compiler) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name in names:
                if name not in value:
                    yield f"{path}: required key [{name}] not found"

    return check


def _required_number(keyword: str, holds: Callable[[int], bool]) -> Compile:
    def build(names: list[str], _schema: dict[str, Any], _compiler: Compiler) -> Check:
        def check(value: Any, path: str) -> Iterator[Fault]:
            if isinstance(value, dict) and not holds(sum(name in value for name in names)):
                yield f"{path}: {keyword} of the keys [{', '.join(names)}] is required"

        return check

    return build


def _dependent_required(dependents: dict[str, Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    lists = {name: names for name, names in dependents.items() if isinstance(names, list)}
    schemas = {name: compiler.check(schema) for name, schema in dependents.items() if name not in lists}

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            return
        for name in dependents:
            if name not in value:
                continue
            if name in schemas:
                yield from schemas[name](value, path)
            for other in lists.get(name, ()):
                if other not in value:
                    yield f"{path}: property [{other}] is required with [{name}]"

    return check


def _dependent_excluded(dependents: dict[str, list[str]], _schema: dict[str, Any], _compiler: Compiler) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name, others in dependents.items():
                for other in others:
                    if name in value and other in value:
                        yield f"{path}: property [{other}] is not permitted with [{name}]"

    return check


# Combinations --------------------------------------------------------------------------------------------------------


def _any_of(schemas: list[Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = [compiler.check(schema) for schema in schemas]

    def check(value: Any, path: str) -> Iterator[Fault]:
        faults = [list(one(value, path)) for one in inner]
        if all(faults):
            yield f"{path}: #: no subschema matched out of the total {len(inner)} subschemas"
            yield from min(faults, key=len)

    return check


def _one_of(schemas: list[Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = [compiler.check(schema) for schema in schemas]

    def check(value: Any, path: str) -> Iterator[Fault]:
        faults = [list(one(value, path)) for one in inner]
        matched = sum(not found for found in faults)
        if matched != 1:
            yield f"{path}: #: {matched} subschemas matched instead of one"
            if not matched:
                yield from min(faults, key=len)

    return check


def _all_of(schemas: list[Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    return _all([compiler.check(schema) for schema in schemas])


def _if(condition: Any, schema: dict[str, Any], compiler: Compiler) -> Check:
    check_condition = compiler.check(condition)
    then, otherwise = compiler.check(schema.get("then")), compiler.check(schema.get("else"))

    def check(value: Any, path: str) -> Iterator[Fault]:
        return (otherwise if any(True for _ in check_condition(value, path)) else then)(value, path)

    return check


def _not(schema: Any, _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = compiler.check(schema)
    return _limit("not", lambda value: any(True for _ in inner(value, "#")))


KEYWORDS: dict[str, Compile] = {
    "type": _type,
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
    "items": _items,
    "prefixItems": _prefix_items,
    "uniqueItems": _unique_items,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "required": _required,
    "requiredXor": _required_number("exactly one", lambda count: count == 1),
    "requiredOr": _required_number("at least one", lambda count: count >= 1),
    "dependentRequired": _dependent_required,
    "dependencies": _dependent_required,
    "dependentExcluded": _dependent_excluded,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "if": _if,
    "not": _not,
}
"""The keywords that constrain a value; others only describe it."""
