"""How a check fails: one screen that says what was asked, of whom, what came back, how often, and where to look."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from integration_tests.waiting import History

_LONGEST_LINE = 400
_MOST_FAULTS = 5


class CheckFailed(Exception):  # noqa: N818  # reads as what happened, and pytest shows its text only
    """A check's verdict is red; the text is the whole screen."""


def probe_failure(
    *, title: str, asked: str, wanted: str, history: History, next_steps: Sequence[str] = ()
) -> CheckFailed:
    """Build the failure of a check from the looks it took."""
    times = "once" if history.probes == 1 else f"{history.probes} times in {history.seconds:.1f} s"
    good = history.probes - history.faults.total()
    latest = history.last[-1][1]
    return check_failure(
        title=title,
        asked=f"{asked}, {times}",
        wanted=wanted,
        got=counted(history.faults, good=good),
        last=[*_newest(history), *(f"  {line}" for line in latest.details)],
        next_steps=[*latest.next_steps, *next_steps],
    )


def check_failure(
    *, title: str, asked: str, wanted: str, got: Sequence[str], last: Sequence[str], next_steps: Sequence[str]
) -> CheckFailed:
    """Build a failure: always the same five things in the same order, so that the eye finds them."""
    rows = [("asked", [asked]), ("wanted", [wanted]), ("got", got), ("last", last), ("next", next_steps)]
    lines = [
        f"  {'' if index else label:<8}{_harmless(line)}" for label, block in rows for index, line in enumerate(block)
    ]
    return CheckFailed("\n".join([title, "", *lines]))


def counted(faults: Counter[str], *, good: int) -> list[str]:
    """Count the commonest faults, one a line."""
    counts = [f"{number:>3} x {fault}" for fault, number in faults.most_common(_MOST_FAULTS)]
    if len(faults) > len(counts):
        counts.append(f"    and {len(faults) - len(counts)} more kinds of faults")
    if good:
        counts.append(f"{good:>3} x as wanted")
    return counts


def _newest(history: History) -> list[str]:
    """Show the newest looks, those in one line that saw the same."""
    lines = []
    for text, looks in groupby(history.last, key=lambda look: look[1].text):
        times = [at for at, _ in looks]
        until = f" to {times[-1]:.1f} s" if len(times) > 1 else ""
        lines.append(f"at {times[0]:6.1f} s{until}  {text}")
    return lines


def first_bytes(body: bytes, most: int = 120, *, hide: Callable[[str], str] = str) -> str:
    """Show the beginning of a body in one line; `hide` takes secrets out of the whole before it is cut."""
    if not body:
        return "no body"
    text = " ".join(hide(body.decode("utf-8", "replace")).split())
    return ascii(text[:most]) + ("…" if len(text) > most else "")


def _harmless(line: str) -> str:
    """Keep what the other side sent from acting on a terminal, or from filling it."""
    return "".join(letter if letter.isprintable() else "?" for letter in line[:_LONGEST_LINE])
