"""The line of a log that says why a program failed."""

import re
from collections.abc import Sequence

from rich.text import Text

LONGEST_LINE = 300
"""Characters of a reason; a program may print a whole document in one line."""

STOPS = re.compile(r"^\s*stops:\s")
"""How the change review and self-mutation report why they stop the delivery."""
BEGINS_A_FAILURE = re.compile(
    r"""
    ^(FAILED|ERROR)\s                 # pytest's summary
    | \s(FAILED|ERROR)\s*(\[|$)       # pytest, test by test
    | \b(fatal|error|\w*Error|\w*Exception)\b[^:]{0,40}:\s
    | ^make(\[\d+\])?:\s\*\*\*
    | \b(failed|Failed)\b
    """,
    re.VERBOSE,
)
NOT_A_FAILURE = re.compile(r"\b(0|no) (errors?|failed)\b|^\[Container\].*(Phase|Entering|Running)")
"""Lines that mention failures without being one."""
_OUR_OWN = re.compile(r"^(\$ |-- phase |phase \w+ failed with exit status )")
"""What the rehearsal itself writes into a build's log."""


def first_failing_line(lines: Sequence[str]) -> str:
    """Return the line that the failure mail would quote, or nothing.

    The first that begins with `stops:`, else the first that reads like a failure. It is the same selection as in the
    function that sends the mails, which can import nothing of this project; a test compares them.
    """
    failing = (line for line in lines if BEGINS_A_FAILURE.search(line) and not NOT_A_FAILURE.search(line))
    return next((line for line in lines if STOPS.search(line)), "") or next(failing, "")


def reason(lines: Sequence[str], otherwise: str) -> str:
    """Return why a program failed, in one line: its failing line, else `otherwise` and the last line it wrote."""
    plain = [line for line in (Text.from_ansi(line).plain.strip() for line in lines) if line]
    written = [line for line in plain if not _OUR_OWN.match(line)]
    found = first_failing_line(written) or ": ".join([otherwise, *written[-1:]])
    return found if len(found) <= LONGEST_LINE else f"{found[: LONGEST_LINE - 1]}…"
