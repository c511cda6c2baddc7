"""Formats failures: the request, the wanted and the actual results, and what to do next, on one screen."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from urllib.parse import quote

from integration_tests.waiting import History

_LONGEST_LINE = 400
_MOST_FAULTS = 5


class CheckFailed(Exception):  # noqa: N818  # named for the event
    """A check has failed; the text is the whole report."""


def probe_failure(
    *, title: str, asked: str, wanted: str, history: History, next_steps: Sequence[str] = ()
) -> CheckFailed:
    """Report a check from the history of its probes."""
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
    """Report a check: always the same five rows in the same order."""
    rows = [("asked", [asked]), ("wanted", [wanted]), ("got", got), ("last", last), ("next", next_steps)]
    lines = [
        f"  {'' if index else label:<8}{_printable(line)}" for label, block in rows for index, line in enumerate(block)
    ]
    return CheckFailed("\n".join([title, "", *lines]))


def counted(faults: Counter[str], *, good: int) -> list[str]:
    """Count the most common faults, one per line."""
    counts = [f"{number:>3} x {fault}" for fault, number in faults.most_common(_MOST_FAULTS)]
    if len(faults) > len(counts):
        counts.append(f"    and {len(faults) - len(counts)} other faults")
    if good:
        counts.append(f"{good:>3} x as wanted")
    return counts


def _newest(history: History) -> list[str]:
    """Show the latest results; equal ones share a line."""
    lines = []
    for text, group in groupby(history.last, key=lambda entry: entry[1].text):
        times = [at for at, _ in group]
        until = f" to {times[-1]:.1f} s" if len(times) > 1 else ""
        lines.append(f"at {times[0]:6.1f} s{until}  {text}")
    return lines


def first_bytes(body: bytes, most: int = 120, *, hide: Callable[[str], str] = str) -> str:
    """Show the beginning of a body in one line; `hide` masks secrets before the text is cut."""
    if not body:
        return "no body"
    text = " ".join(hide(body.decode("utf-8", "replace")).split())
    return ascii(text[:most]) + ("…" if len(text) > most else "")


def _printable(line: str) -> str:
    """Cut a line and remove control characters, which could change the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in line[:_LONGEST_LINE])


def log_page(*, region: str, cluster: str, service: str) -> str:
    """Return the URL of a service's logs in the AWS console."""
    return f"https://{region}.console.aws.amazon.com/ecs/v2/clusters/{cluster}/services/{service}/logs?region={region}"


def alarm_page(name: str, *, region: str) -> str:
    """Return the URL of an alarm in the AWS console."""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name)}"
