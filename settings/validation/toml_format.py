"""Formats keys and values as TOML for messages and the configuration guide."""

import json
import re
from datetime import date, time

from settings.sections.base import Path

LONGEST = 120
"""Characters of a value that a message shows; its path says where to find the rest."""
TYPES: dict[type, str] = {
    bool: "a boolean",
    str: "a string",
    int: "an integer",
    float: "a float",
    list: "an array",
    dict: "a table",
}


def dotted(path: Path) -> str:
    """Format a path: `environments.prod.network.public_subnets[1]`."""
    steps = [
        f"[{step}]" if isinstance(step, int) else f".{step if re.fullmatch(r'[A-Za-z0-9_-]+', step) else quoted(step)}"
        for step in path
    ]
    return "".join(steps).removeprefix(".")


def literal(value: object) -> str | None:
    """Format a single value; None for tables, arrays and what TOML cannot express."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() >= 256:
        # Python refuses to format integers of several thousand digits.
        return "a number of many digits"
    if isinstance(value, str):
        return quoted(value)
    return str(value) if isinstance(value, int | float | date | time) else None


def quoted(text: str) -> str:
    """Quote a string on one line, shortened to LONGEST, with characters that cannot be printed escaped."""
    written = json.dumps(text if len(text) <= LONGEST else f"{text[:LONGEST]}…", ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in written)


def type_name(value: object) -> str:
    """Return what TOML calls the type of a value."""
    return TYPES.get(type(value), "a date or time")
