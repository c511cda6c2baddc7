"""What can be read of settings that have mistakes in them, so that one run finds the others as well."""

from collections.abc import Collection, Mapping
from typing import cast, get_args, get_origin

from settings.sections.base import Path, Section, SectionT
from settings.validation.constraints import nearest


def draft(kind: type[SectionT], table: Mapping[str, object], wrong: Collection[Path]) -> SectionT:
    """Return the section without the attributes that are wrong, missing or perhaps meant by a misspelt key.

    `wrong` holds the paths of the values that are wrong in themselves. The values in the draft are those of the file:
    no type of the settings changes what it checks.
    """
    fields = kind.model_fields
    values: dict[str, object] = {}
    absent = [name for name in fields if name not in table]
    unreadable = {meant for key in table if key not in fields for meant in nearest(key, absent)}
    for name, field in fields.items():
        below = [path[1:] for path in wrong if path[:1] == (name,)]
        if name not in table:
            if field.is_required():
                unreadable.add(name)
        elif (section := section_in(field.annotation)) is None:
            if below:
                unreadable.add(name)
            else:
                value = table[name]
                values[name] = tuple(cast(list[object], value)) if isinstance(value, list) else value
        elif not isinstance(item := table[name], dict):
            unreadable.add(name)
        elif get_origin(field.annotation) is dict:
            values[name] = {
                key: draft(section, cast(dict[str, object], entry), [path[1:] for path in below if path[:1] == (key,)])
                for key, entry in cast(dict[str, object], item).items()
                if isinstance(entry, dict)
            }
        else:
            values[name] = draft(section, cast(dict[str, object], item), below)
    section = kind.model_construct(None, **values)
    for name in unreadable:
        vars(section).pop(name, None)
    return section


def section_in(annotation: object) -> type[Section] | None:
    """Return the section that a field holds, alone, optionally or by name, or None."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return candidate
    return None
