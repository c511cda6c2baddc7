"""Constraints on single values, part of a field's type: `Annotated[int, between(1, 35, "days")]`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MINIMUM_SIMILARITY = 0.7
"""From 0 to 1: two words at least this similar are taken for a typing mistake."""


@dataclass(frozen=True)
class Constraint:
    """A check of one value, made once its type is right."""

    expected: str
    """What a valid value is, to be read after "must be"."""
    problem: Callable[[Any], str | None]
    """Returns what is wrong with the value, to be read after it, or None."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Run the check after the type's own validation; pydantic calls this for whatever `Annotated` holds."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: object) -> object:
        if problem := self.problem(value):
            raise PydanticCustomError("constraint", "{problem}", {"problem": problem})
        return value


def expected_of(annotation: object) -> str | None:
    """Return what a valid value of a type is, by the first constraint in its parts; None when there is none."""
    parts = get_args(annotation)
    return next(filter(None, (p.expected if isinstance(p, Constraint) else expected_of(p) for p in parts)), None)


def matches(pattern: str, expected: str, longest: int = 255, why: str | None = None) -> Constraint:
    """Accept strings that match the whole regular expression and have at most `longest` characters.

    `why` says where that limit comes from.
    """

    def problem(text: str) -> str | None:
        if len(text) > longest:
            return f"is {len(text)} characters long; at most {longest} are allowed" + (f": {why}" if why else "")
        return None if re.fullmatch(pattern, text) else f"must be {expected}"

    return Constraint(expected, problem)


def all_of(*constraints: Constraint) -> Constraint:
    """Accept what meets every constraint; the message is of the first that is not met.

    The last that says what it expects stands for all.
    """

    def problem(value: object) -> str | None:
        return next(filter(None, (constraint.problem(value) for constraint in constraints)), None)

    expected = next(constraint.expected for constraint in reversed(constraints) if constraint.expected)
    return Constraint(expected, problem)


def between(low: int, high: int, unit: str = "") -> Constraint:
    """Accept whole numbers from `low` to `high`, both included."""
    expected = f"{low} to {high} {unit}".rstrip()
    return Constraint(expected, lambda value: None if low <= value <= high else f"must be {expected}")


def one_of(options: tuple[str, ...], summary: str | None = None, source: str | None = None) -> Constraint:
    """Accept these strings; the message for any other suggests the most similar one.

    `summary` replaces a long list; the message names the list's `source`, if it has one.
    """
    expected = summary or f"one of {', '.join(options)}"

    def problem(text: str) -> str | None:
        if text in options:
            return None
        suggestions = " or ".join(similar(text, options))
        message = f"must be {expected}" + (f" ({source})" if source else "")
        return message + (f"; did you mean {suggestions}?" if suggestions else "")

    return Constraint(expected, problem)


def similar(word: str, options: Iterable[str]) -> list[str]:
    """Return the options that `word` may be a typing mistake for: the most similar, several if they are equally so."""
    # Comparing a very long word would be slow.
    ratios = {option: SequenceMatcher(None, word[:100].lower(), option.lower()).ratio() for option in options}
    return [option for option, ratio in ratios.items() if ratio == max(ratios.values()) > MINIMUM_SIMILARITY]
