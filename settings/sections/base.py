"""The base class of all tables of `delivery.toml`, and rules about values that must fit together."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import NamedTuple, Self, TypeVar, cast, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

BROKEN_RULE = "broken_rule"
"""The type of pydantic's error for values that do not fit together."""

Path = tuple[str | int, ...]
"""Keys and indices that lead from a table to a value below it."""


class Mistake(NamedTuple):
    """A value, and what is wrong with it."""

    path: Path
    """Where the value is, relative to the section that reports it."""
    text: str
    """What is wrong with the value, to be read after it: `is below tasks.min 2`."""


SectionT = TypeVar("SectionT", bound="Section")
_MARK = "_is_rule"


def rule(check: Callable[[SectionT], Iterator[Mistake]]) -> Callable[[SectionT], Iterator[Mistake]]:
    """Mark a method of a section as a check of values that must fit together."""
    setattr(check, _MARK, True)
    return check


def skip_missing() -> AbstractContextManager[None]:
    """End a rule, or a part of it, at the first attribute that is missing.

    To report all mistakes at once, rules are also checked on a draft of the settings without its invalid values. Rules
    therefore need no special cases for invalid values.
    """
    return suppress(AttributeError)


class Section(BaseModel):
    """A table of `delivery.toml`: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    def mistakes(self) -> Iterator[Mistake]:
        """Yield the broken rules of this section and of those below."""
        for check in vars(type(self)).values():
            if getattr(check, _MARK, False):
                with skip_missing():
                    yield from cast(Callable[[Section], Iterator[Mistake]], check)(self)
        for name, value in vars(self).items():
            below = {(name, key): item for key, item in value.items()} if isinstance(value, dict) else {(name,): value}
            for path, section in below.items():
                if isinstance(section, Section):
                    yield from (Mistake((*path, *mistake.path), mistake.text) for mistake in section.mistakes())

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        for path, text in self.mistakes():
            where = ".".join(str(step) for step in path)
            raise PydanticCustomError(BROKEN_RULE, "{where} {text}", {"where": where, "text": text})
        return self


def section_in(annotation: object) -> type[Section] | None:
    """Return the section that a field's type contains: itself, optionally, or by name; None when it has none."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return candidate
    return None


def is_by_name(field: FieldInfo) -> bool:
    """Tell whether the field is a table of named entries, such as `environments`."""
    return get_origin(field.annotation) is dict


def names_by_key(section: type[Section]) -> dict[str, str]:
    """Return the names of the section's fields by the keys that set them in the file, former keys included."""
    return {
        str(key): name
        for name, field in section.model_fields.items()
        for key in (field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else [name])
    }


def tables(
    section: type[Section], name: str = "", field: FieldInfo | None = None
) -> Iterator[tuple[str, type[Section], FieldInfo | None]]:
    """Yield the section and all below it, each with the table's name and the field it is in."""
    yield name, section, field
    for key, below in section.model_fields.items():
        if kind := section_in(below.annotation):
            placeholder = ".FINGERPRINT" if key == "accepted_changes" else ".NAME" if is_by_name(below) else ""
            yield from tables(kind, f"{name}.{key}{placeholder}".removeprefix("."), below)
