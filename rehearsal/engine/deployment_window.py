"""The rule `DeploymentWindow`: when a stage may start."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LONGEST_WAIT = timedelta(days=366)


class WindowError(Exception):
    """The window is invalid or never opens."""


@dataclass(frozen=True)
class Window:
    """The minutes in which a stage may start, parsed from a cron expression of CodePipeline."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """1 is Sunday."""
    zone: ZoneInfo

    @classmethod
    def read(cls, configuration: Mapping[str, str]) -> "Window":
        """Read the rule's configuration, `Cron` and `TimeZone`; raise WindowError."""
        expression = configuration.get("Cron", "")
        fields = expression.split()
        if len(fields) not in (6, 7):
            raise WindowError(f"the cron expression {expression!r} must have six or seven fields")
        _, minutes, hours, days, months, weekdays, *year = fields
        if year not in ([], ["*"]):
            raise WindowError(f"the cron expression {expression!r} has a year, which the rehearsal does not support")
        try:
            zone = ZoneInfo(configuration.get("TimeZone", "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            raise WindowError(f"unknown time zone {configuration['TimeZone']!r}") from None
        return cls(
            minutes=_numbers(minutes, 0, 59),
            hours=_numbers(hours, 0, 23),
            days=_numbers(days, 1, 31),
            months=_numbers(months, 1, 12, MONTHS),
            weekdays=_numbers(weekdays, 1, 7, WEEKDAYS),
            zone=zone,
        )

    def opens(self, now: datetime) -> datetime:
        """Return when it opens next, `now` if it is open; raises WindowError if it does not open within a year."""
        # In UTC, because local minutes are skipped or repeated when daylight saving time changes.
        minute = now.astimezone(UTC)
        end = minute + LONGEST_WAIT
        while minute < end:
            local = minute.astimezone(self.zone)
            if not self._is_day(local):
                step = timedelta(hours=1)
            elif local.hour in self.hours and local.minute in self.minutes:
                return local
            else:
                step = timedelta(minutes=1)
            minute = (minute + step).replace(second=0, microsecond=0)
            if step > timedelta(minutes=1):
                minute = minute.replace(minute=0)
        raise WindowError("the deployment window does not open within a year")

    def _is_day(self, local: datetime) -> bool:
        return local.month in self.months and local.day in self.days and (local.isoweekday() % 7 + 1) in self.weekdays


def _numbers(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """Return the numbers that a field of a cron expression matches."""
    found: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = stop = low
        try:
            if span in ("*", "?"):
                start, stop = low, high
            else:
                start = _number(first, low, names)
                stop = _number(last, low, names) if dash else high if step else start
            every = int(step) if step else 1
        except ValueError:
            every = 0
        if every < 1 or not (low <= start <= high and low <= stop <= high):
            raise WindowError(f"invalid or unsupported field {part!r} in a cron expression")
        # A range may wrap around: FRI-MON.
        around = range(start, stop + 1) if start <= stop else (*range(start, high + 1), *range(low, stop + 1))
        found.update(list(around)[::every])
    return frozenset(found)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text) + low if text in names else int(text)
