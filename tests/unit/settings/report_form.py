"""The form of a report: each line has the path of a value in the file, the value, and what is wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from settings.validation.toml_format import Path, dotted, literal, quoted

REMEDY: Final = re.compile(
    # What is right,
    r"\b(must (be|end|start|name)|at most|at least|the nearest|did you mean|known here|belongs in|needs|sold there)\b"
    # or what to do.
    r"|\b(add|choose|combine|copy|deliver|give|let|lower|make|name|number|raise|remove|rename|set|shorten|take|use) "
    r"|\bwrite "
    r"|former name of .*, which is also given"
)
"""A part of each line tells the user what to change."""


def places(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield the path and value of everything in a table."""
    if path:
        yield path, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in entries:
        yield from places(below, (*path, step))


def malformed(lines: Sequence[str], table: Mapping[str, object]) -> list[str]:
    """Return the lines that do not have the form `PATH: VALUE reason and remedy`."""
    known = {dotted(path): (path, value) for path, value in places(table)}
    return [line for line in lines if not _is_well_formed(line, known) or not has_remedy(line)]


def has_remedy(line: str) -> bool:
    """Return whether a line says what to change; what it quotes of the file does not count."""
    text = _after_path(line)
    return REMEDY.search(text.lower()) is not None or "missing" in text


def _after_path(line: str) -> str:
    """Return what follows the path, without what is quoted: a key may contain anything."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).partition(": ")[2]


def _is_well_formed(line: str, known: Mapping[str, tuple[Path, object]]) -> bool:
    if not line.isprintable():
        return False
    # A key may contain anything, even ": ".
    starts = [path for path in known if line.startswith(f"{path}: ")]
    if not starts:
        text = _after_path(line)
        return text.startswith("missing") or "(the default) " in text
    place = max(starts, key=len)
    path, value = known[place]
    text = line.removeprefix(f"{place}: ")
    begins = [literal(value), quoted(str(path[-1])), "unknown key; ", "missing"]
    tells = any(begin is not None and text.startswith(begin) for begin in begins)
    # Tables and arrays are not repeated.
    return len(text) > 10 and (tells or literal(value) is None)
