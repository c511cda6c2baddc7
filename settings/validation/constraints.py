"""What a single value may be. A constraint stands in the type of a field: `Annotated[int, Between(1, 35, "days")]`."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

WRONG_VALUE = "wrong_value"
"""The type of the errors that constraints raise."""

LEAST_LIKENESS = 0.7
"""How alike two words are, from 0 to 1, where one may be meant by the other."""


class Constraint(ABC):
    """A check of one value, made after its type was found right."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What a right value is, to be read after "must be"."""

    @abstractmethod
    def problem(self, value: object) -> str | None:
        """Return what is wrong with the value, to be read after it, or None."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Put the check behind the one of the type, as pydantic asks of what stands in an `Annotated`."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: object) -> object:
        problem = self.problem(value)
        if problem is not None:
            raise PydanticCustomError(WRONG_VALUE, "{problem}", {"problem": problem})
        return value


@dataclass(frozen=True)
class Matches(Constraint):
    """A string of a form, given by a regular expression for the whole of it."""

    pattern: str
    form: str
    longest: int = 255

    @property
    def expected(self) -> str:
        """The form, in words."""
        return self.form

    def problem(self, value: object) -> str | None:
        """Say the form when the string has another one."""
        text = str(value)
        if len(text) > self.longest:
            return f"is {len(text)} characters long, at most {self.longest} are allowed"
        return None if re.fullmatch(self.pattern, text) else f"must be {self.form}"


@dataclass(frozen=True)
class Between(Constraint):
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int
    unit: str = ""

    @property
    def expected(self) -> str:
        """The range with its unit."""
        return f"{self.low} to {self.high} {self.unit}".rstrip()

    def problem(self, value: object) -> str | None:
        """Say the range when the number is outside."""
        return None if isinstance(value, int) and self.low <= value <= self.high else f"must be {self.expected}"


@dataclass(frozen=True)
class OneOf(Constraint):
    """One of many known strings; an unknown one is answered with its nearest neighbour."""

    options: tuple[str, ...]
    summary: str | None = None
    """What the options are, where naming them all would be too long."""

    @property
    def expected(self) -> str:
        """The options or their summary."""
        return self.summary or f"one of {', '.join(self.options)}"

    def problem(self, value: object) -> str | None:
        """Name the nearest option when the string is none of them."""
        text = str(value)
        if text in self.options:
            return None
        likely = nearest(text, self.options)
        return f"must be {self.expected}" + (f"; did you mean {' or '.join(likely)}?" if likely else "")


def nearest(word: str, options: Iterable[str]) -> list[str]:
    """Return the options that somebody who wrote `word` may have meant: the most alike, of several equals all."""
    # A very long word is nobody's slip, and comparing it would take long.
    if len(word) > 100:
        return []
    likeness = {option: SequenceMatcher(None, word.lower(), option.lower()).ratio() for option in options}
    best = max(likeness.values(), default=0)
    return [option for option, alike in likeness.items() if alike == best] if best > LEAST_LIKENESS else []
