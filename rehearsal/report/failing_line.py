"""The reason of a failed build: the line that the failure mail quotes."""

from collections.abc import Sequence

from rehearsal.report.program_messages import failing_line

LONGEST_LINE = 300
"""Characters of a reason; a program may print a whole document in one line."""


def reason(lines: Sequence[str], otherwise: str) -> str:
    """Return why a program failed, in one line; `otherwise` if it printed nothing."""
    found = failing_line(lines) or otherwise
    return found if len(found) <= LONGEST_LINE else f"{found[: LONGEST_LINE - 1]}…"
