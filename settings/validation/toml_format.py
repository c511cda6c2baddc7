"""Keys and values as TOML writes them."""

import json
import re
from datetime import date, time

from settings.sections.base import Path

LONGEST = 120
"""Characters of a value that are shown: its path says where the whole of it stands."""


def dotted(path: Path) -> str:
    """Write a path: `environments.prod.network.public_subnets[1]`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            key = step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else quoted(step)
            written += f".{key}" if written else key
    return written


def literal(value: object) -> str | None:
    """Write a single value; None for tables, arrays and what TOML has no word for."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        # Python refuses to write more digits than a few thousand.
        return str(value) if value.bit_length() < 256 else "a number of many digits"
    if isinstance(value, float | date | time):
        return str(value)
    return None


def quoted(text: str) -> str:
    """Write a string, shortened where it is long, on one line whatever it holds."""
    written = json.dumps(text if len(text) <= LONGEST else f"{text[:LONGEST]}…", ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in written)


def kind(value: object) -> str:
    """Say what a value is."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "an integer"),
        (float, "a float"),
        (list, "an array"),
        (dict, "a table"),
    )
    return next((name for python, name in kinds if isinstance(value, python)), "a date or time")
