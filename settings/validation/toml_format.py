"""Formats keys and values as TOML, and lists of names, for messages and the configuration guide."""

import json
import re
from datetime import date, time

Path = tuple[str | int, ...]
"""Keys and indices that lead from a table to a value below it."""

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
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and value.bit_length() >= 256:
        # Python refuses to format integers of several thousand digits.
        return "a number of many digits"
    text = str(value) if isinstance(value, int | float | date | time) else None
    return text.lower() if text and isinstance(value, bool) else text


def listed(names: list[str]) -> str:
    """Return names as an English list."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def quoted(text: str) -> str:
    """Quote a string on one line, shortened to LONGEST characters."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def type_name(value: object) -> str:
    """Return what TOML calls the type of a value."""
    return TYPES.get(type(value), "a date or time")
