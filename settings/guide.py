"""Writes `docs/CONFIGURATION.md`, every key of `delivery.toml`, from the settings: `python -m settings.guide FILE`."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as File
from types import NoneType
from typing import cast, get_args, get_origin

from pydantic.fields import FieldInfo

from settings.model import Settings
from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.draft import section_in
from settings.validation.schema import expected_of
from settings.validation.toml_format import literal

HEAD = """\
# Configuration

Every key of `delivery.toml`, the one file to edit. Written by `make configuration` from the settings themselves; a test
fails when it is out of date.

- A key that has a default may be left out. The defaults are the reference architecture's figures for production.
- Unknown keys are refused. All mistakes are named at once, each by its place in the file, with exit code 2; nothing is
  built or deployed with one in it.
- *Cost* says what is paid for more of a value. What it comes to, `make cost` reckons.
- A change takes effect with the next push: the pipeline updates itself first, then the environments one by one.

"""
TYPES = {str: "string", int: "integer", bool: "`true` or `false`"}


def guide() -> str:
    """Return the whole document."""
    return HEAD + "\n".join(_tables(Settings, "", {}))


def _tables(section: type[Section], table: str, defaults: Mapping[str, object]) -> Iterator[str]:
    values = {name: field for name, field in section.model_fields.items() if section_in(field.annotation) is None}
    if table:
        yield f"## `[{table}]`\n\n{_prose(section.__doc__ or '')}\n"
    if values:
        yield "| key | type | default | what it does | cost |\n| --- | --- | --- | --- | --- |"
        yield from (_row(name, field, defaults.get(name, field.default)) for name, field in values.items())
        yield ""
    for name, field in section.model_fields.items():
        if below := section_in(field.annotation):
            path = f"{table}.{name}" if table else name
            by_name = get_origin(field.annotation) is dict
            given = vars(field.default) if isinstance(field.default, Section) else {}
            yield from _tables(below, f"{path}.{_placeholder(name)}" if by_name else path, given)


def _placeholder(name: str) -> str:
    return "FINGERPRINT" if name == "accepted_changes" else "NAME"


def _row(name: str, field: FieldInfo, default: object) -> str:
    costs = next((part.text for part in field.metadata if isinstance(part, Costs)), "")
    cells = (f"`{name}`", _type(field), _default(field, default), _prose(field.description or ""), costs)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    expected = expected_of(field)
    alternatives = [part for part in get_args(annotation) if part is not NoneType]
    while alternatives and get_origin(annotation) not in (tuple, list):
        annotation = alternatives[0]
        alternatives = [part for part in get_args(annotation) if part is not NoneType]
    if get_origin(annotation) is tuple:
        return f"two of: {expected}"
    if get_origin(annotation) is list:
        return f"array, each {expected}"
    kind = TYPES[cast(type, annotation)]
    return f"{kind}: {expected}" if expected else kind


def _default(field: FieldInfo, value: object) -> str:
    if field.is_required():
        return "**needed**"
    if value is None or value == {}:
        return "left out"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"`[{', '.join(str(literal(item)) for item in cast(Sequence[object], value))}]`"
    return f"`{literal(value)}`"


def _prose(docstring: str) -> str:
    """Return a docstring as text of the document: paragraphs unbroken, and None in the words of the file."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in docstring.strip().split("\n\n")]
    return re.sub(r"\bNone:", "left out:", " ".join(paragraphs))


if __name__ == "__main__":
    File(sys.argv[1]).write_text(guide(), encoding="utf-8")
