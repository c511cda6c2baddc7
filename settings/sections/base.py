"""What all parts of the settings have in common."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import NamedTuple, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

BROKEN_RULE = "broken_rule"
"""The type of the error that a section raises when its values do not go together."""

Path = tuple[str | int, ...]
"""Keys and indices that lead from a table to a value below it."""


class Mistake(NamedTuple):
    """A value, and what is wrong with it."""

    path: Path
    """Where the value is, from the section that found it."""
    text: str
    """What is wrong with the value, to be read after it: `is below tasks.min 2`."""


SectionT = TypeVar("SectionT", bound="Section")
_MARK = "_is_rule"


def rule(check: Callable[[SectionT], Iterator[Mistake]]) -> Callable[[SectionT], Iterator[Mistake]]:
    """Mark a method of a section as a check of how its values go together."""
    setattr(check, _MARK, True)
    return check


def skipping_gaps() -> AbstractContextManager[None]:
    """Pass over what cannot be said of a draft.

    A draft (settings/validation/draft.py) lacks the attributes whose values are invalid. A rule that needs one of them
    is skipped.
    """
    return suppress(AttributeError)


class Section(BaseModel):
    """One table of `delivery.toml`: frozen, strict, without unknown keys; its values go together."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what breaks a rule here or in a section below."""
        for check in vars(type(self)).values():
            if getattr(check, _MARK, False):
                with skipping_gaps():
                    yield from cast(Callable[[Section], Iterator[Mistake]], check)(self)
        for path, section in self._sections():
            for mistake in section.mistakes():
                yield Mistake((*path, *mistake.path), mistake.text)

    def _sections(self) -> Iterator[tuple[Path, "Section"]]:
        for name, value in vars(self).items():
            below = {(name, key): item for key, item in value.items()} if isinstance(value, dict) else {(name,): value}
            yield from ((path, item) for path, item in below.items() if isinstance(item, Section))

    @model_validator(mode="after")
    def _keep_the_rules(self) -> Self:
        for path, text in self.mistakes():
            where = ".".join(str(step) for step in path)
            raise PydanticCustomError(BROKEN_RULE, "{where} {text}", {"where": where, "text": text})
        return self
