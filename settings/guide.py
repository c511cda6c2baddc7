"""Writes `docs/CONFIGURATION.md` from the settings: `python -m settings.guide FILE`."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path as File
from types import NoneType
from typing import cast, get_args, get_origin

from pydantic.fields import FieldInfo

from settings.model import Settings
from settings.sections.base import Section, section_in, tables
from settings.types.costs import Costs
from settings.validation.constraints import expected_of
from settings.validation.toml_format import literal

HEAD = """\
# Configuration

Every key of `delivery.toml`, the only file to edit. `make configuration` generates this page from the settings; a test
fails when it is out of date.

- Keys with a default are optional. The defaults are the reference architecture's values for production.
- Unknown keys are rejected. All mistakes are reported at once with their paths, exit code 2, and nothing is built or
  deployed.
- *Cost* says how a value is charged. `make cost` estimates the amount.
- A change takes effect with the next push: the pipeline updates itself, then the environments one by one.

"""
TYPES = {str: "string", int: "integer", bool: "`true` or `false`"}


def guide() -> str:
    """Return the whole document."""
    return HEAD + "\n".join(line for place in tables(Settings) for line in _table(*place))


def _table(name: str, section: type[Section], field: FieldInfo | None) -> Iterator[str]:
    if name:
        yield f"## `[{name}]`\n\n{_prose(section.__doc__ or '')}\n"
    defaults = vars(field.default) if field and isinstance(field.default, Section) else {}
    values = {key: field for key, field in section.model_fields.items() if section_in(field.annotation) is None}
    if values:
        yield "| key | type | default | what it does | cost |\n| --- | --- | --- | --- | --- |"
        yield from (_row(key, field, defaults.get(key, field.default)) for key, field in values.items())
        yield ""


def _row(name: str, field: FieldInfo, default: object) -> str:
    costs = next((part.text for part in field.metadata if isinstance(part, Costs)), "")
    cells = (f"`{name}`", _type(field), _default(field, default), _prose(field.description or ""), costs)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    expected = expected_of(field.rebuild_annotation())
    alternatives = [part for part in get_args(annotation) if part is not NoneType]
    while alternatives and get_origin(annotation) not in (tuple, list, dict):
        annotation = alternatives[0]
        alternatives = [part for part in get_args(annotation) if part is not NoneType]
    if get_origin(annotation) is dict:
        return "table: " + " = ".join(f"{expected_of(part)}" for part in get_args(annotation))
    if get_origin(annotation) is tuple:
        return f"two of: {expected}"
    if get_origin(annotation) is list:
        return f"array, each {expected}"
    kind = TYPES[cast(type, annotation)]
    return f"{kind}: {expected}" if expected else kind


def _default(field: FieldInfo, value: object) -> str:
    if field.is_required():
        return "**required**"
    if value is None or value == {}:
        return "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"`[{', '.join(str(literal(item)) for item in cast(Sequence[object], value))}]`"
    return f"`{literal(value)}`"


def _prose(docstring: str) -> str:
    """Return a docstring as one paragraph, in which TOML's words replace Python's None."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in docstring.strip().split("\n\n")]
    return re.sub(r"\bNone:", "if omitted:", " ".join(paragraphs))


if __name__ == "__main__":
    File(sys.argv[1]).write_text(guide(), encoding="utf-8")
