"""When tasks are sure to run, as alarms can ask: in UTC, whatever the season."""

from datetime import datetime
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from settings import OffHoursSettings
from settings.sections.deployment_window import DAYS

HOUR: Final = 60
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
"""Minutes."""
STARTING: Final = HOUR
"""What tasks that wake get to start, before anybody misses them."""
YEAR: Final = 2026
"""Whose summer and winter time are reckoned with; a zone that has changed its rules since needs a newer one."""


def running_hours(off_hours: OffHoursSettings) -> list[tuple[int, int]]:
    """Return first and last hour of each time of a UTC week, counted from Monday 0:00, in which no task may sleep.

    CloudWatch knows UTC only. Where clocks are put forward and back, the hour that is waking time in one season only is
    left out, and so is the first hour after waking.
    """
    offsets = _offsets(off_hours.time_zone)
    found: list[tuple[int, int]] = []
    for day in off_hours.week_days:
        midnight = DAYS.index(day) * DAY
        start = midnight + off_hours.wake_hour * HOUR + STARTING - min(offsets)
        end = midnight + off_hours.sleep_hour * HOUR - max(offsets)
        # Only whole hours can be asked for.
        first, last = -(-start // HOUR), end // HOUR - 1
        if first <= last:
            found += _within_the_week(first, last)
    return sorted(found)


def _offsets(time_zone: str) -> set[int]:
    """Return by how many minutes the zone is ahead of UTC, in every season."""
    with (files("tzdata.zoneinfo") / time_zone).open("rb") as file:
        zone = ZoneInfo.from_file(file)
    seasons = (datetime(YEAR, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13))
    return {int(offset.total_seconds()) // 60 for offset in seasons if offset is not None}


def _within_the_week(first: int, last: int) -> list[tuple[int, int]]:
    """Split what goes over a week's end, or begins before it, in hours."""
    hours = WEEK // HOUR
    first, last = first % hours, last % hours
    return [(first, last)] if first <= last else [(first, hours - 1), (0, last)]
