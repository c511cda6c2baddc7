"""Says what is wrong with a value, for users who edit `delivery.toml`."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from settings.validation.constraints import Constraint, expected_of
from settings.validation.toml_format import Path, literal, quoted, type_name

TYPES = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "true or false",
    "tuple_type": "an array of two",
    "list_type": "an array",
    "dict_type": "a table",
}
"""What pydantic's errors about types ask for."""
ARRAYS = ("tuple_type", "list_type")


class Mistake(NamedTuple):
    """A value, and what is wrong with it."""

    path: Path
    """Where the value is, relative to the section that reports it."""
    text: str
    """What is wrong with the value, to be read after it: `is below tasks.min 2`."""


def mistakes_of(field: FieldInfo, error: ValidationError) -> list[Mistake]:
    """Describe what pydantic found in the value of a field, with paths relative to it."""
    mistakes: list[Mistake] = []
    for details in error.errors(include_url=False):
        path, value = details["loc"], details["input"]
        checked: object = field.rebuild_annotation()
        if get_origin(field.annotation) is dict:
            # The type of the table's values, or of the table itself, which has no constraint.
            checked = get_args(field.annotation)[1] if path else dict
        expected = expected_of(checked)
        match details["type"]:
            case "missing" | "too_long" if isinstance(value, list):
                mistakes.append(Mistake((), f"must be an array of two; this one has {len(value)}"))
            case "too_short":
                mistakes.append(Mistake((), "is empty; at least one entry is needed"))
            case error_type if error_type in TYPES:
                each = ", each " if error_type in ARRAYS else ": "
                wanted = TYPES[error_type] + (f"{each}{expected}" if expected else "")
                mistakes.append(Mistake(path, with_value(value, f"is {type_name(value)} but must be {wanted}")))
            case _:
                # An invalid key has a step more, "[key]".
                mistakes.append(Mistake(tuple(s for s in path if s != "[key]"), with_value(value, details["msg"])))
    return mistakes


def mistakes_in_keys(field: str, keys: Iterable[str], constraint: Constraint) -> Iterator[Mistake]:
    """Yield the keys of a table that do not meet the constraint.

    A rule calls this where the entries are sections: a constraint in the type of the keys would hide their mistakes.
    """
    for key in keys:
        if problem := constraint.problem(key):
            yield Mistake((field, key), f"{quoted(key)} {problem}")


def with_value(value: object, text: str) -> str:
    """Put the value before what is said of it, unless it is a table or an array."""
    written = literal(value)
    return text if written is None else f"{written} {text}"
