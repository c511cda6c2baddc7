"""The hours in which tasks are certain to run, in UTC and in every season."""

from collections.abc import Iterable
from datetime import datetime
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

HOUR: Final = 60
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
"""Minutes."""
STARTING: Final = HOUR
"""How long tasks may take to start in the morning before alarms count them."""
YEAR: Final = 2026
"""The year whose daylight saving time is used; change it if a zone changes its rules."""


def running_hours(days: Iterable[int], *, wake: int, sleep: int, time_zone: str) -> list[tuple[int, int]]:
    """Return the first and last hour of each period in which tasks run, counted from Monday 0:00 UTC.

    On these days, Monday being 0, they run from the hour `wake` to the hour `sleep` of the time zone. CloudWatch
    evaluates UTC only. An hour that is running time in one season only is left out, and so is the first hour after the
    start.
    """
    offsets = _offsets(time_zone)
    found: list[tuple[int, int]] = []
    for day in days:
        start = day * DAY + wake * HOUR + STARTING - min(offsets)
        end = day * DAY + sleep * HOUR - max(offsets)
        # The alarm expression can test whole hours only.
        first, last = -(-start // HOUR), end // HOUR - 1
        if first <= last:
            found += _within_the_week(first, last)
    return sorted(found)


def _offsets(time_zone: str) -> set[int]:
    """Return the zone's offsets from UTC in minutes over a year."""
    with (files("tzdata.zoneinfo") / time_zone).open("rb") as file:
        zone = ZoneInfo.from_file(file)
    seasons = (datetime(YEAR, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13))
    return {int(offset.total_seconds()) // 60 for offset in seasons if offset is not None}


def _within_the_week(first: int, last: int) -> list[tuple[int, int]]:
    """Split a period of hours that crosses the end of the week."""
    hours = WEEK // HOUR
    first, last = first % hours, last % hours
    return [(first, last)] if first <= last else [(first, hours - 1), (0, last)]
