"""What the live view shows of a tool's output: what it does now, not how it was called or what it echoes."""

import re

from rich.text import Text

_NOISE = re.compile(
    r"""
    ^\$\s | ^\+\s                                   # echoed commands
    | ^-- | ^phase\s | ^\[Container\]               # the build's phases
    | ^make(\[\d+\])?: | ^npm\s | ^uv\s             # tools that run tools
    | ^[\[{(]                                       # JSON, and lists
    | ^arn:                                         # bare results
    | ^https?://\S+$
    | ^\d{4}-\d\d-\d\d | \b(INFO|DEBUG|WARN(ING)?)\b # logging
    | ^Execution\ policies: | ^Supply\ a\ stack | ^(Using|Trusted)\ .*:
    | ^\S+$                                         # a single word
    | \b(deprecat|notice)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TESTS = re.compile(r"^[.sxXFER]+\s+\[\s*(\d+)%\]$")
"""pytest's progress."""
_STACK = re.compile(r"^\S+ \|\s*(\d+/\d+) \|.*\| (AWS::\S+)")
"""The CDK's progress: events, time, status, type."""
_ORNAMENTS = re.compile(r"^[^\w$+\-\[{(./\"'<✓✔✖]+")


def without_noise(line: str) -> str:
    """Return a line as the live view shows it, empty if it only repeats what the view says or how a tool works."""
    plain = _ORNAMENTS.sub("", Text.from_ansi(line).plain.strip())
    if found := _TESTS.match(Text.from_ansi(line).plain.strip()):
        return f"tests: {found[1]} %"
    if found := _STACK.match(plain):
        return f"{found[1]} {found[2].removeprefix('AWS::')}"
    return "" if not plain or _NOISE.search(plain) else plain
