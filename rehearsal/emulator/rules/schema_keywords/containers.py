"""Keywords that constrain the items of a list and the keys of an object."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rehearsal.emulator.rules.schema_keywords.compiler import Check, Compile, Compiler, Fault, nothing
from rehearsal.emulator.rules.schema_keywords.values import limit, matcher


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
        return nothing

    def holds(value: Any) -> bool:
        if not isinstance(value, list):
            return True
        texts = [json.dumps(item, sort_keys=True, default=str) for item in value]
        return len(set(texts)) == len(texts)

    return limit("uniqueItems", holds)


def _properties(properties: dict[str, Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = {name: compiler.check(schema) for name, schema in properties.items()}

    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name, item in value.items():
                if name in inner:
                    yield from inner[name](item, f"{path}/{name}")

    return check


def _pattern_properties(patterns: dict[str, Any], _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = [(matcher(pattern), compiler.check(schema)) for pattern, schema in patterns.items()]

    def check(value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name, item in value.items():
                for matches, one in inner:
                    if matches(name):
                        yield from one(item, f"{path}/{name}")

    return check


def _additional_properties(additional: Any, schema: dict[str, Any], compiler: Compiler) -> Check:
    if additional is True:
        return nothing
    named = schema.get("properties", {})
    patterns = [matcher(pattern) for pattern in schema.get("patternProperties", {})]
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


KEYWORDS: Final[Mapping[str, Compile]] = {
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
}
