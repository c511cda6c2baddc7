"""What the settings allow at a place in the file."""

from collections.abc import Iterator
from typing import get_args, get_origin

from pydantic.fields import FieldInfo

from settings.model import Settings
from settings.sections.base import Path, Section
from settings.validation.constraints import Constraint
from settings.validation.draft import section_in


def section_at(path: Path) -> type[Section]:
    """Return the innermost section on the way along the path."""
    section: type[Section] = Settings
    name_follows = False
    for step in path:
        field = None if name_follows else section.model_fields.get(str(step))
        name_follows = field is not None and get_origin(field.annotation) is dict
        section = (field and section_in(field.annotation)) or section
    return section


def field_at(path: Path) -> FieldInfo | None:
    """Return the field of the value at the path, or of the array that it is in; None where nothing may be."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return section_at(path[:-1]).model_fields.get(str(path[-1])) if path else None


def expected_at(path: Path) -> str | None:
    """Say what a right value at the path is, to be read after "must be"; None when there is no constraint."""
    field = field_at(path)
    return None if field is None or section_in(field.annotation) else expected_of(field)


def expected_of(field: FieldInfo) -> str | None:
    """Say what a right value of the field is, to be read after "must be"; None when there is no constraint."""
    return next((constraint.expected for constraint in _constraints((*field.metadata, field.annotation))), None)


def tables_with(key: str) -> list[str]:
    """Name the tables that know the key: `[environments.NAME.database]`."""
    return list(_tables_with(key, Settings, ""))


def _tables_with(key: str, section: type[Section], table: str) -> Iterator[str]:
    if table and key in section.model_fields:
        yield f"[{table}]"
    for name, field in section.model_fields.items():
        if below := section_in(field.annotation):
            named = f"{name}.NAME" if get_origin(field.annotation) is dict else name
            yield from _tables_with(key, below, f"{table}.{named}" if table else named)


def _constraints(parts: tuple[object, ...]) -> Iterator[Constraint]:
    for part in parts:
        if isinstance(part, Constraint):
            yield part
        else:
            yield from _constraints(get_args(part))
