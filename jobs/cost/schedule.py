"""How long a scaling target has which minimum capacity, with scheduled actions that change it through the week."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jobs.cost import CostError
from jobs.cost.usage import HOURS

WEEK = 7 * 24 * 60
"""Minutes."""
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
"""AWS numbers them from 1, which is Sunday."""
_CRON = re.compile(r"cron\((\d+) (\d+) (?:\?|\*) \* (\S+) \*\)")


def capacity_hours(properties: Mapping[str, Any]) -> dict[Decimal, Decimal]:
    """Return hours per month by minimum capacity of a scaling target; raises CostError."""
    usual = Decimal(str(properties["MinCapacity"]))
    changes = sorted(_changes(properties.get("ScheduledActions", ())))
    if not changes:
        return {usual: HOURS}
    minutes: dict[Decimal, int] = {}
    # The week's last action is effective until the first one of the next week.
    ends = [minute for minute, _ in changes[1:]] + [changes[0][0] + WEEK]
    for (start, capacity), end in zip(changes, ends, strict=True):
        minutes[capacity] = minutes.get(capacity, 0) + end - start
    return {capacity: HOURS * held / WEEK for capacity, held in minutes.items() if held}


def _changes(actions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Decimal]]:
    """Yield the minute of the week and the new value for each change of the minimum capacity."""
    for action in actions:
        capacity = action.get("ScalableTargetAction", {}).get("MinCapacity")
        if capacity is not None:
            yield from ((minute, Decimal(str(capacity))) for minute in _minutes(str(action["Schedule"])))


def _minutes(schedule: str) -> Iterator[int]:
    found = _CRON.fullmatch(schedule)
    if not found:
        raise CostError(f"the schedule {schedule} is not supported: write cron(minute hour ? * DAYS *)")
    minute, hour, days = int(found[1]), int(found[2]), found[3]
    for index in sorted({day for part in days.split(",") for day in _days(part)}):
        yield (index * 24 + hour) * 60 + minute


def _days(part: str) -> Iterator[int]:
    if part in ("*", "?"):
        yield from range(7)
        return
    first, _, last = part.partition("-")
    start, end = _day(first), _day(last or first)
    yield from (index % 7 for index in range(start, (end if end >= start else end + 7) + 1))


def _day(name: str) -> int:
    if name.isdigit() and 1 <= int(name) <= 7:
        return int(name) - 1
    if name in DAYS:
        return DAYS.index(name)
    raise CostError(f"{name} is not a day of the week: write SUN to SAT, or 1 to 7")
