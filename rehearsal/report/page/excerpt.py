"""The excerpt of a log that the report shows, and the line that explains a failure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

FIRST_LINES = 40
LAST_LINES = 160
LINES_AROUND_THE_FAILURE = 40
LONGEST_LINE = 500
"""Characters; a build may print a whole document in one line."""

SIGNS_OF_FAILURE = (
    re.compile(r"^\w*_FAILED\b"),
    re.compile(r"^(E  |FAILED\b|ERROR\b)"),
    re.compile(r"\b(error|fatal|exception)\b", re.IGNORECASE),
    re.compile(r"\bfailed\b", re.IGNORECASE),
)
"""Patterns of failure, most specific first: CloudFormation's events, pytest's report, the rest."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Line:
    """A line of a log, or a gap of `left_out` lines."""

    number: int
    text: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class Excerpt:
    """The shown part of a log."""

    lines: tuple[Line, ...]
    total: int
    failing: int | None
    """The number of the line that explains the failure."""


def read(file: Path, written: range, *, failed: bool, mask: Callable[[str], str], reason: str = "") -> Excerpt:
    """Return the beginning and end of an action's log and, if it failed, the lines around the failure.

    The line that explains the failure is the one that the action's `reason` quotes, if there is one. Escape sequences
    are stripped; `mask` masks secrets.
    """
    # Not splitlines(): the log's writer counts newlines only.
    text = file.read_bytes().decode(errors="replace") if file.is_file() else ""
    lines = text.split("\n")[written.start : written.stop]
    failing = (_quoted(lines, reason, mask) or _failing_line(lines)) if failed else None
    shown = {*range(1, FIRST_LINES + 1), *range(len(lines) - LAST_LINES + 1, len(lines) + 1)}
    if failing is not None:
        shown |= set(range(failing - LINES_AROUND_THE_FAILURE, failing + LINES_AROUND_THE_FAILURE + 1))
    numbers = sorted(number for number in shown if 1 <= number <= len(lines))
    return Excerpt(tuple(_with_gaps(numbers, lines, mask)), len(lines), failing)


def _quoted(lines: Sequence[str], reason: str, mask: Callable[[str], str]) -> int | None:
    """Return the number of the first line that is the reason, which may have been shortened."""
    start = reason.removesuffix("…")
    found = (number for number, line in enumerate(lines, 1) if start and _plain(mask(line)).strip().startswith(start))
    return next(found, None)


def _failing_line(lines: Sequence[str]) -> int | None:
    """Return the number of the first line that matches the most specific pattern, else of the last line."""
    for sign in SIGNS_OF_FAILURE:
        for number, line in enumerate(lines, 1):
            if sign.search(line):
                return number
    return len(lines) or None


def _with_gaps(numbers: Sequence[int], lines: Sequence[str], mask: Callable[[str], str]) -> Iterator[Line]:
    before = 0
    for number in numbers:
        if number > before + 1:
            yield Line(before + 1, left_out=number - before - 1)
        yield Line(number, _plain(mask(lines[number - 1])))
        before = number


def _plain(line: str) -> str:
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", Text.from_ansi(line).plain)
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} … ({len(text)} characters)"
