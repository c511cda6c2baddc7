"""Validates a resource's properties against its schema, with the messages of CloudFormation's own validator.

A schema is compiled into functions once; a check then takes microseconds. As in CloudFormation, `"20"` is a valid
integer, and 20 a valid string. Keywords that the emulator cannot check, such as `format`, are ignored.
"""

from collections.abc import Mapping
from typing import Any, Final

from rehearsal.emulator.rules.schema_keywords import combinations, containers, types, values
from rehearsal.emulator.rules.schema_keywords.compiler import Check, Compile, Compiler

KEYWORDS: Final[Mapping[str, Compile]] = {
    **types.KEYWORDS,
    **values.KEYWORDS,
    **containers.KEYWORDS,
    **combinations.KEYWORDS,
}
"""The keywords that constrain a value; others only describe it."""


def compiled(document: dict[str, Any]) -> Check:
    """Return the check of a whole schema."""
    return Compiler(document, KEYWORDS).check(document)
