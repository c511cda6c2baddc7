"""How a check fails: one screen that says what was asked, of whom, what came back, how often, and where to look."""

from collections.abc import Sequence

from integration_tests.waiting import History

_LONGEST_LINE = 400


class CheckFailed(Exception):  # noqa: N818  # reads as what happened, and pytest shows its text only
    """A check's verdict is red; the text is the whole screen."""


def screen(*, title: str, asked: str, wanted: str, history: History, look_further: Sequence[str] = ()) -> CheckFailed:
    """Build the failure of a check from the looks it took."""
    times = "once" if history.looks == 1 else f"{history.looks} times in {history.seconds:.1f} s"
    counts = [f"{number:>3} x {fault}" for fault, number in history.faults.most_common(5)]
    if len(history.faults) > len(counts):
        counts.append(f"    and {len(history.faults) - len(counts)} more kinds of faults")
    good = history.looks - history.faults.total()
    if good:
        counts.append(f"{good:>3} x as wanted")
    newest = [f"at {at:6.1f} s  {observation.text}" for at, observation in history.last]
    rows = [
        ("asked", [f"{asked}, {times}"]),
        ("wanted", [wanted]),
        ("got", counts),
        ("last", [*newest, *(f"  {line}" for line in history.last[-1][1].details)]),
        ("next", look_further),
    ]
    lines = [
        f"  {'' if index else label:<8}{_harmless(line)}" for label, block in rows for index, line in enumerate(block)
    ]
    return CheckFailed("\n".join([title, "", *lines]))


def first_bytes(body: bytes, most: int = 72) -> str:
    """Show the beginning of a body in one line."""
    if not body:
        return "no body"
    return ascii(" ".join(body[:most].decode("utf-8", "replace").split())) + ("…" if len(body) > most else "")


def _harmless(line: str) -> str:
    """Keep what the other side sent from acting on a terminal, or from filling it."""
    return "".join(letter if letter.isprintable() else "?" for letter in line[:_LONGEST_LINE])
