"""Keywords that combine schemas."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.emulator.rules.schema_keywords.compiler import Check, Compile, Compiler, Fault, all_of
from rehearsal.emulator.rules.schema_keywords.values import limit


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
    return all_of([compiler.check(schema) for schema in schemas])


def _if(condition: Any, schema: dict[str, Any], compiler: Compiler) -> Check:
    check_condition = compiler.check(condition)
    then, otherwise = compiler.check(schema.get("then")), compiler.check(schema.get("else"))

    def check(value: Any, path: str) -> Iterator[Fault]:
        return (otherwise if any(True for _ in check_condition(value, path)) else then)(value, path)

    return check


def _not(schema: Any, _schema: dict[str, Any], compiler: Compiler) -> Check:
    inner = compiler.check(schema)
    return limit("not", lambda value: any(True for _ in inner(value, "#")))


KEYWORDS: Final[Mapping[str, Compile]] = {
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "if": _if,
    "not": _not,
}
