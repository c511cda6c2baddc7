"""The rule `DeploymentWindow`: when a stage may be entered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LONGEST_WAIT = timedelta(days=366)


class WindowError(Exception):
    """The window cannot be understood, or never opens."""


@dataclass(frozen=True)
class Window:
    """Every minute in which a deployment may begin, as CodePipeline's cron expressions say it."""

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
            raise WindowError(f"the rehearsal knows no years: {expression!r}")
        try:
            zone = ZoneInfo(configuration.get("TimeZone", "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            raise WindowError(f"there is no time zone {configuration['TimeZone']!r}") from None
        return cls(
            minutes=_numbers(minutes, 0, 59),
            hours=_numbers(hours, 0, 23),
            days=_numbers(days, 1, 31),
            months=_numbers(months, 1, 12, MONTHS),
            weekdays=_numbers(weekdays, 1, 7, WEEKDAYS),
            zone=zone,
        )

    def opens(self, now: datetime) -> datetime:
        """Return when it opens next, `now` itself while it is open; raise WindowError if that is never."""
        # In universal time: where clocks are put forward or back, each minute still comes once.
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
            # On to the beginning of the next hour or minute.
            minute = (minute + step).replace(second=0, microsecond=0)
            if step > timedelta(minutes=1):
                minute = minute.replace(minute=0)
        raise WindowError("the deployment window does not open within a year")

    def _is_day(self, local: datetime) -> bool:
        return local.month in self.months and local.day in self.days and (local.isoweekday() % 7 + 1) in self.weekdays


def _numbers(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """Return the numbers that a field of a cron expression stands for."""
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
            raise WindowError(f"the rehearsal does not understand {part!r} in a cron expression")
        # A span of names may run over the end: FRI-MON.
        around = range(start, stop + 1) if start <= stop else (*range(start, high + 1), *range(low, stop + 1))
        found.update(list(around)[::every])
    return frozenset(found)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text) + low if text in names else int(text)
