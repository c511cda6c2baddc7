"""The base class of all tables of `delivery.toml`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast, get_args, get_origin

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from settings.validation.constraints import expected_of, similar
from settings.validation.messages import Mistake, mistakes_of, with_value
from settings.validation.toml_format import Path, dotted, type_name

SectionT = TypeVar("SectionT", bound="Section")
_MARK = "_is_rule"


def rule(check: Callable[[SectionT], Iterator[Mistake]]) -> Callable[[SectionT], Iterator[Mistake]]:
    """Mark a method of a section as a check of values that must fit together."""
    setattr(check, _MARK, True)
    return check


def skip_missing() -> AbstractContextManager[None]:
    """End a rule, or a part of it, at the first attribute that is missing because its value is invalid."""
    return suppress(AttributeError)


@dataclass(frozen=True)
class Invalid:
    """Takes the place of an invalid value, so that the rest of the file is still checked."""

    found: tuple[Mistake, ...] = ()

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what is wrong with the value, with paths relative to it."""
        yield from self.found


class Section(BaseModel):
    """A table of `delivery.toml`: frozen, strict, without unknown keys.

    Invalid values raise pydantic's ValidationError. With a validation context, the root of the settings, they do not:
    they are then missing from the section, and `mistakes` yields them together with the rules that the others break.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    _invalid: dict[str, Invalid] = PrivateAttr(default_factory=dict)
    _former_keys: dict[str, str] = PrivateAttr(default_factory=dict)
    """Former keys that the file uses, by the names of their fields."""

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what is wrong in this section and in those below, with the paths and values of the file."""
        for check in vars(type(self)).values():
            if getattr(check, _MARK, False):
                with skip_missing():
                    yield from map(self._completed, cast(Callable[[Section], Iterator[Mistake]], check)(self))
        for name, value in {**vars(self), **self._invalid}.items():
            entries = {(entry,): item for entry, item in value.items()} if isinstance(value, dict) else {(): value}
            for path, below in entries.items():
                if isinstance(below, Section | Invalid):
                    for mistake in below.mistakes():
                        yield Mistake((self._former_keys.get(name, name), *path, *mistake.path), mistake.text)

    def _completed(self, mistake: Mistake) -> Mistake:
        """Add the value to the text of a broken rule, and use the file's keys in the path."""
        path: Path = ()
        value: Any = self
        is_default = False
        for step in mistake.path:
            if isinstance(value, Section):
                is_default |= step not in value.model_fields_set
                path = (*path, value._former_keys.get(str(step), step))
                value = vars(value).get(str(step))
            else:
                path, value = (*path, step), value[step]
        text = f"(the default) {mistake.text}" if is_default and value is not None else mistake.text
        return Mistake(path, with_value(value, text))

    @model_validator(mode="wrap")
    @classmethod
    def _find_all_mistakes(cls, table: Any, handler: Callable[[Any], Self], info: ValidationInfo) -> Any:
        if info.context is None:
            section = handler(table)
            if mistakes := [f"{dotted(path)}: {text}" for path, text in section.mistakes()]:
                raise PydanticCustomError("rules", "{mistakes}", {"mistakes": "; ".join(mistakes)})
            return section
        if not isinstance(table, dict):
            return Invalid((Mistake((), with_value(table, f"is {type_name(table)} but must be a table")),))
        fields = cls.model_fields
        keys = {
            name: next((key for key in _keys_of(field, name) if key in table), name) for name, field in fields.items()
        }
        absent = [name for name, key in keys.items() if key not in table]
        replaced = {name: cls._missing(name) for name in absent if fields[name].is_required()}
        unknown = {key: cls._unknown(key, info.context) for key in table if key not in keys.values()}
        # Rules must not use the default of a key that is only misspelt.
        replaced |= {name: Invalid() for key in unknown for name in similar(key, absent)}
        section = handler({key: value for key, value in table.items() if key not in unknown} | replaced)
        section._former_keys = {name: key for name, key in keys.items() if key != name}
        invalid = {name: value for name, value in vars(section).items() if isinstance(value, Invalid)}
        for name in invalid:
            del vars(section)[name]
        section._invalid = unknown | invalid
        return section

    @field_validator("*", mode="wrap")
    @classmethod
    def _set_invalid_aside(cls, value: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
        if isinstance(value, Invalid):
            return value
        try:
            return handler(value)
        except ValidationError as error:
            if info.context is None or info.field_name is None:
                raise
            return Invalid(tuple(mistakes_of(cls.model_fields[info.field_name], error)))

    @classmethod
    def _missing(cls, name: str) -> Invalid:
        field = cls.model_fields[name]
        table = f"a table [{name}{'.NAME' if is_by_name(field) else ''}]"
        expected = expected_of(field.rebuild_annotation()) or table
        return Invalid((Mistake((), f"missing; must be {expected}"),))

    @classmethod
    def _unknown(cls, key: str, root: type["Section"]) -> Invalid:
        elsewhere = [f"[{table}]" for table, section, _ in tables(root) if table and key in section.model_fields]
        hint = f"it belongs in {' or '.join(elsewhere)}" if elsewhere else f"known here: {', '.join(cls.model_fields)}"
        if former := [name for name, field in cls.model_fields.items() if key in _keys_of(field, name)]:
            hint = f"it is the former name of {former[0]}, which is also given"
        elif meant := similar(key, cls.model_fields):
            hint = f"did you mean {meant[0]}?"
        return Invalid((Mistake((), f"unknown key; {hint}"),))


def _keys_of(field: FieldInfo, name: str) -> list[str]:
    """Return the keys that set a field in the file: its name and former ones."""
    alias = field.validation_alias
    return [str(key) for key in alias.choices] if isinstance(alias, AliasChoices) else [name]


def section_in(annotation: object) -> type[Section] | None:
    """Return the section that a field's type contains: itself, optionally, or by name; None when it has none."""
    candidates = (annotation, *get_args(annotation))
    return next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, Section)), None)


def is_by_name(field: FieldInfo) -> bool:
    """Tell whether the field is a table of named entries, such as `environments`."""
    return get_origin(field.annotation) is dict


def tables(
    section: type[Section], name: str = "", field: FieldInfo | None = None
) -> Iterator[tuple[str, type[Section], FieldInfo | None]]:
    """Yield the section and all below it, each with the table's name and the field it is in."""
    yield name, section, field
    for key, below in section.model_fields.items():
        if kind := section_in(below.annotation):
            placeholder = ".FINGERPRINT" if key == "accepted_changes" else ".NAME" if is_by_name(below) else ""
            yield from tables(kind, f"{name}.{key}{placeholder}".removeprefix("."), below)
