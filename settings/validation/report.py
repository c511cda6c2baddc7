"""Reports every mistake in the settings at once, each with its path, value, reason and remedy."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from settings.model import Settings
from settings.sections.base import BROKEN_RULE, Mistake, Path, Section, is_by_name, names_by_key, section_in, tables
from settings.validation.constraints import expected_of, most_similar
from settings.validation.toml_format import dotted, literal, type_name

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

TYPES = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "true or false",
    "tuple_type": "an array of two",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
}
"""What pydantic's errors about types ask for."""


def report(table: Mapping[str, object], error: ValidationError) -> list[str]:
    """Return a line for each mistake, in the order of the file.

    Pydantic checks no rules where a value is invalid. They are therefore checked again, on a draft without such values.
    """
    errors = [details for details in error.errors(include_url=False) if details["type"] != BROKEN_RULE]
    drafts = _Drafts(frozenset(details["loc"] for details in errors))
    settings = drafts.of(Settings, table, ())
    misspelt = {drafts.meant(details["loc"]) for details in errors if details["type"] == "extra_forbidden"}
    mistakes = [
        drafts.mistake(details) for details in errors if details["type"] != "missing" or details["loc"] not in misspelt
    ]
    for path, text in settings.mistakes():
        written = drafts.as_written(path)
        value = _value_at(settings, path)
        is_default = value is not None and sys.maxsize in _position(table, written)
        mistakes.append(Mistake(written, _after(value, f"(the default) {text}" if is_default else text)))
    mistakes.sort(key=lambda mistake: _position(table, mistake.path))
    return list(dict.fromkeys(f"{dotted(mistake.path)}: {mistake.text}" for mistake in mistakes))


class _Drafts:
    """Builds sections without the attributes that are invalid, missing or perhaps meant by a misspelt key."""

    def __init__(self, invalid: frozenset[Path]) -> None:
        self._invalid = invalid
        self._sections: dict[Path, type[Section]] = {}
        """The section of each table in the file."""
        self._keys: dict[Path, str | int] = {}
        """The keys in the file that are not the names of their attributes: former ones."""

    def of(self, kind: type[Section], table: Mapping[str, object], path: Path) -> Section:
        """Return the draft of the table at the path in the file. It holds values as the file has them."""
        self._sections[path] = kind
        names = names_by_key(kind)
        absent = set(names.values()) - {names.get(key) for key in table}
        unknown = {name for name in absent if kind.model_fields[name].is_required()}
        values: dict[str, object] = {}
        for key, value in table.items():
            at = (*path, key)
            if key not in names:
                unknown.update(most_similar(key, absent))
                continue
            name = names[key]
            self._keys[*path, name] = key
            field = kind.model_fields[name]
            below = section_in(field.annotation)
            if below and isinstance(value, dict):
                entries = cast(dict[str, object], value)
                values[name] = self._named(below, entries, at) if is_by_name(field) else self.of(below, entries, at)
            elif below or any(invalid[: len(at)] == at for invalid in self._invalid):
                unknown.add(name)
            else:
                values[name] = tuple(cast(list[object], value)) if isinstance(value, list) else value
        draft = kind.model_construct(None, **values)
        for name in unknown:
            vars(draft).pop(name, None)
        return draft

    def _named(self, kind: type[Section], table: dict[str, object], path: Path) -> dict[str, Section]:
        return {
            key: self.of(kind, cast(dict[str, object], entry), (*path, key))
            for key, entry in table.items()
            if isinstance(entry, dict)
        }

    def as_written(self, path: Path) -> Path:
        """Return the path in the file of the value that a rule names by its attributes."""
        return tuple(self._keys.get(path[: index + 1], step) for index, step in enumerate(path))

    def meant(self, unknown: Path) -> Path | None:
        """Return the path of the key that an unknown one is perhaps a typing mistake for."""
        similar = most_similar(str(unknown[-1]), self._sections[unknown[:-1]].model_fields)
        return (*unknown[:-1], similar[0]) if similar else None

    def mistake(self, error: "ErrorDetails") -> Mistake:
        """Describe a value that is invalid in itself."""
        path, value = error["loc"], error["input"]
        if path[-1] == "[key]":
            return Mistake(path[:-1], _after(value, error["msg"]))
        place = path[:-1] if isinstance(path[-1], int) else path
        section = self._sections.get(place[:-1])
        field = section and section.model_fields.get(names_by_key(section).get(str(place[-1]), ""))
        below = field and section_in(field.annotation)
        expected = expected_of(field) if field and not below else None
        match error["type"]:
            case "missing" | "too_long" if isinstance(value, list):
                return Mistake(place, f"must be an array of two, this one has {len(cast(list[object], value))}")
            case "missing" | "too_short":
                table = f"[{dotted(path)}{'.NAME' if field and is_by_name(field) else ''}] is needed"
                return Mistake(path, f"missing: {table if below else f'it must be {expected}'}")
            case "extra_forbidden":
                return Mistake(path, f"unknown key; {self._instead_of(path)}")
            case error_type if error_type in TYPES:
                wanted = TYPES[error_type] + (f": {expected}" if expected else "")
                return Mistake(path, _after(value, f"is {type_name(value)}, must be {wanted}"))
            case _:
                return Mistake(path, _after(value, error["msg"]))

    def _instead_of(self, unknown: Path) -> str:
        if meant := self.meant(unknown):
            return f"did you mean {meant[-1]}?"
        elsewhere = [
            f"[{name}]" for name, section, _ in tables(Settings) if name and unknown[-1] in section.model_fields
        ]
        if elsewhere:
            return f"it belongs in {' or '.join(elsewhere)}"
        return f"known here: {', '.join(self._sections[unknown[:-1]].model_fields)}"


def _value_at(settings: Section, path: Path) -> object:
    value: object = settings
    for step in path:
        entries = cast(dict[str | int, object], vars(value) if isinstance(value, Section) else value)
        value = entries.get(step) if isinstance(entries, dict) else entries[step]
    return value


def _after(value: object, text: str) -> str:
    written = literal(value)
    return text if written is None else f"{written} {text}"


def _position(table: object, path: Path) -> tuple[int, ...]:
    """Return where the value is in the file, to sort by; what the file lacks comes after what it has."""
    if not path:
        return ()
    entries = dict(enumerate(cast(list[object], table))) if isinstance(table, list) else table
    if not isinstance(entries, dict) or path[0] not in entries:
        return (sys.maxsize,)
    return (list(entries).index(path[0]), *_position(entries[path[0]], path[1:]))
