"""The table `[environments.NAME.deployment_window]`."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated

from settings.sections.base import Section, rule
from settings.validation.constraints import matches, one_of
from settings.validation.messages import Mistake

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
TIME_ZONES = tuple(zone for zone in (files("tzdata") / "zones").read_text().split() if zone != "Factory")
"""The names of the time zone database, from its package: a machine's own database may differ.

Without its name for machines whose zone was never set.
"""
_DAY = f"({'|'.join(DAYS)})"
DAYS_PATTERN = rf"{_DAY}(-{_DAY}|(,{_DAY})*)"
DAYS_FORM = "days such as MON-THU or MON,WED"
_HOUR = "([01]?[0-9]|2[0-3])"


class DeploymentWindowSettings(Section):
    """When an environment may be deployed to. The pipeline waits until the window opens.

    To deploy one release outside the window, choose "override" at the stage's entry in the console.
    """

    days: Annotated[str, matches(DAYS_PATTERN, DAYS_FORM, longest=40)]
    """The days of the week on which a deployment may start."""
    hours: Annotated[str, matches(rf"{_HOUR}(-{_HOUR})?", "whole hours such as 9-15, the last one included", longest=5)]
    """The hours in which a deployment may start: 9-15 means from 9:00 until 15:59."""
    time_zone: Annotated[str, one_of(TIME_ZONES, "the name of a time zone, such as Europe/Berlin")]
    """The time zone of days and hours, with daylight saving time."""

    @property
    def cron(self) -> str:
        """The window as CodePipeline's cron expression (User Guide, "DeploymentWindow"): every minute it is open."""
        return f"* * {self.hours} ? * {cron_days(self.days)} *"

    @property
    def week_days(self) -> tuple[str, ...]:
        """The names of the days on which it opens."""
        return week_days(self.days)

    @property
    def first_hour(self) -> int:
        """The hour in which it opens."""
        return int(self.hours.partition("-")[0])

    @property
    def last_hour(self) -> int:
        """The last hour in which it is open."""
        return int(self.hours.rpartition("-")[2])

    @rule
    def _ends_after_its_start(self) -> Iterator[Mistake]:
        if self.last_hour < self.first_hour:
            yield Mistake(("hours",), "ends before it starts; name hours of one day, such as 9-15")

    @rule
    def _each_day_once(self) -> Iterator[Mistake]:
        yield from repeated_days(self.days)


def repeated_days(days: str) -> Iterator[Mistake]:
    """Yield a mistake if a list of days has one of them twice."""
    listed = days.split(",")
    if len(set(listed)) < len(listed):
        yield Mistake(("days",), "names a day twice; write it once")


def cron_days(days: str) -> str:
    """Return the days for a cron expression.

    Its week begins on Sunday (EventBridge User Guide, "Cron expressions"), and AWS documents no range that passes its
    end: such a range becomes a list.
    """
    names = week_days(days)
    return ",".join(names) if "-" in days and "SUN" in names[1:] else days


def week_days(days: str) -> tuple[str, ...]:
    """Return the days in `MON-THU` or `MON,WED`; FRI-MON spans the weekend."""
    first, through, last = days.partition("-")
    if not through:
        return tuple(days.split(","))
    start, end = DAYS.index(first), DAYS.index(last)
    return tuple(DAYS[index % 7] for index in range(start, (end if end >= start else end + 7) + 1))
