"""Puts mistakes into the words of someone who edits `delivery.toml`."""

from typing import TYPE_CHECKING, cast, get_origin

from settings.sections.base import Mistake, Path, Section
from settings.validation.constraints import nearest
from settings.validation.draft import section_in
from settings.validation.schema import expected_at, field_at, section_at, tables_with
from settings.validation.toml_format import dotted, kind, literal

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
"""What pydantic's errors of type ask for."""


def of_one_value(error: "ErrorDetails") -> Mistake:
    """Say what is wrong with a value in itself."""
    path: Path = error["loc"]
    value: object = error["input"]
    match error["type"]:
        case "missing" | "too_long" if isinstance(value, list):
            array = path[:-1] if isinstance(path[-1], int) else path
            return Mistake(array, f"must be an array of two, this one has {len(cast(list[object], value))}")
        case "missing" | "too_short":
            return Mistake(path, f"missing: {_needed(path)}")
        case "extra_forbidden":
            return Mistake(path, f"unknown key; {_known_instead(path)}")
        case error_type if error_type in TYPES:
            expected = expected_at(path)
            wanted = TYPES[error_type] + (f": {expected}" if expected else "")
            return Mistake(path, _behind(value, f"is {kind(value)}, must be {wanted}"))
        case _:
            # Where the key itself is wrong, pydantic adds a step that is not in the file.
            return Mistake(path[:-1] if path[-1] == "[key]" else path, _behind(value, error["msg"]))


def of_values_together(mistake: Mistake, settings: Section) -> Mistake:
    """Say which value breaks a rule, and whether it is in the file at all."""
    value: object = settings
    in_the_file = True
    for step in mistake.path:
        if isinstance(value, Section):
            in_the_file = in_the_file and step in value.model_fields_set
            value = vars(value).get(str(step))
        else:
            value = cast(dict[str | int, object], value)[step]
    text = mistake.text if in_the_file or value is None else f"(the default) {mistake.text}"
    return Mistake(mistake.path, _behind(value, text))


def meant(unknown: Path) -> Path | None:
    """Return the path of the key that was perhaps meant by an unknown one."""
    near = nearest(str(unknown[-1]), list(section_at(unknown[:-1]).model_fields))
    return (*unknown[:-1], near[0]) if near else None


def _behind(value: object, text: str) -> str:
    written = literal(value)
    return text if written is None else f"{written} {text}"


def _needed(path: Path) -> str:
    field = field_at(path)
    if field is not None and section_in(field.annotation):
        return f"[{dotted(path)}{'.NAME' if get_origin(field.annotation) is dict else ''}] is needed"
    return f"it must be {expected_at(path)}"


def _known_instead(path: Path) -> str:
    likely = meant(path)
    if likely:
        return f"did you mean {likely[-1]}?"
    elsewhere = tables_with(str(path[-1]))
    if elsewhere:
        return f"it belongs in {' or '.join(elsewhere)}"
    return f"known here: {', '.join(section_at(path[:-1]).model_fields)}"
