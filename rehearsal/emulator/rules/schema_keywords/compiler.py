"""Compiles a schema into one function; the keywords' functions are given."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

Fault = str
"""One fault: `#/RetentionInDays: 17 is not a valid enum value`."""
Check = Callable[[Any, str], Iterator[Fault]]
"""Returns the faults of a value at a path."""

Compile = Callable[[Any, dict[str, Any], "Compiler"], Check]
"""Compiles a keyword's value, of a schema, into a check."""


class Compiler:
    """Compiles a schema and its references into one check."""

    def __init__(self, document: dict[str, Any], keywords: Mapping[str, Compile]) -> None:
        self._document = document
        self._keywords = keywords
        self._known: dict[str, Check] = {}

    def check(self, schema: Any) -> Check:
        """Return the check of a schema or a part of one."""
        if schema is True or schema is None:
            return nothing
        if schema is False:
            return lambda _value, path: iter((f"{path}: nothing is permitted here",))
        if "$ref" in schema:
            return self._referred(schema["$ref"])
        checks = [self._keywords[name](value, schema, self) for name, value in schema.items() if name in self._keywords]
        return all_of(checks)

    def _referred(self, pointer: str) -> Check:
        # Definitions may refer to themselves, so the check is looked up when it is used.
        if pointer not in self._known:
            self._known[pointer] = nothing
            self._known[pointer] = self.check(self._resolve(pointer))
        return partial(self._check_reference, pointer)

    def _check_reference(self, pointer: str, value: Any, path: str) -> Iterator[Fault]:
        return self._known[pointer](value, path)

    def _resolve(self, pointer: str) -> Any:
        found: Any = self._document
        for part in pointer.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found


def nothing(_value: Any, _path: str) -> Iterator[Fault]:
    """Find no fault."""
    return iter(())


def all_of(checks: list[Check]) -> Check:
    """Return a check that finds the faults of all the checks."""
    if not checks:
        return nothing
    if len(checks) == 1:
        return checks[0]

    def check(value: Any, path: str) -> Iterator[Fault]:
        for one in checks:
            yield from one(value, path)

    return check
