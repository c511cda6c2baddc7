"""What a build's log says beside its message: findings, a table of acceptances to paste, a command, a page."""

import re
from collections.abc import Sequence
from typing import Final

from .program_messages import STOPS, outside_of_tests


def findings(lines: Sequence[str]) -> list[str]:
    """Return what stops the delivery, as the change review and self-mutation report it, each once."""
    found = (re.match(STOPS, line) for line in outside_of_tests(lines))
    return list(dict.fromkeys(match["text"] for match in found if match))


def acceptance(lines: Sequence[str], *, most: int = 1_000_000) -> str:
    """Return the tables of accepted changes that a log offers for `delivery.toml`, as TOML.

    Tables beyond `most` characters are left out.
    """
    tables: list[list[str]] = []
    inside = False
    for line in (line.strip() for line in outside_of_tests(lines)):
        if _TABLE.match(line):
            inside = True
            tables.append([line])
        elif inside and _KEY.match(line):
            tables[-1].append(line)
        else:
            inside = False
    whole = list(dict.fromkeys("\n".join(table) for table in tables if len(table) > 1))
    kept = [table for number, table in enumerate(whole) if sum(map(len, whole[: number + 1])) <= most]
    more = [f"# The log has {len(whole) - len(kept)} more."] if len(kept) < len(whole) else []
    return "\n\n".join([*kept, *more])


def command(lines: Sequence[str]) -> str:
    """Return the command that a review asks to run before the stage is retried; empty without one."""
    stripped = [line.strip() for line in outside_of_tests(lines)]
    titles = (number for number, line in enumerate(stripped[:-1]) if line.endswith("then retry the stage:"))
    return next((stripped[number + 1] for number in titles), "")


def review_page(lines: Sequence[str]) -> str:
    """Return the address of the review that a log names; empty without one."""
    found = (re.match(r"^\s*[Rr]eview: (https://\S+)$", line) for line in outside_of_tests(lines))
    return next((match[1] for match in found if match), "")


_TABLE: Final = re.compile(r"""^\[[\w."'-]+\.accepted_changes\.[\w."'-]+\]$""")
_KEY: Final = re.compile(r"""^\w+ = (".*"|'.*'|\d+|true|false)(\s+#.*)?$""")
