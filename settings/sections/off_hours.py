"""The table `[environments.NAME.tasks.off_hours]`."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated

from settings.sections.base import Section, rule
from settings.sections.deployment_window import (
    DAYS,
    DAYS_FORM,
    DAYS_PATTERN,
    TIME_ZONES,
    cron_days,
    repeated_days,
    week_days,
)
from settings.types.running_hours import running_hours
from settings.validation.constraints import between, matches, one_of
from settings.validation.messages import Mistake


class OffHoursSettings(Section):
    """When no tasks run. On the given days they run from `wake_hour` to `sleep_hour`, and at no other time.

    The environment is unavailable during off-hours. Database, cache and load balancer keep running and cost the same.
    The former key `night` is still accepted.
    """

    days: Annotated[str, matches(DAYS_PATTERN, DAYS_FORM, longest=40)]
    """The days of the week on which tasks run."""
    wake_hour: Annotated[int, between(0, 22, "o'clock")]
    """When tasks start."""
    sleep_hour: Annotated[int, between(1, 23, "o'clock")]
    """When tasks stop, on the same day."""
    time_zone: Annotated[str, one_of(TIME_ZONES, "the name of a time zone, such as Europe/Berlin")]
    """The time zone of days and hours, with daylight saving time."""

    @property
    def canonical_zone(self) -> str:
        """The time zone's canonical name, which AWS documents that Application Auto Scaling takes.

        AWS does not say that it refuses other names (Application Auto Scaling API Reference, PutScheduledAction).
        """
        zones = files("tzdata.zoneinfo")
        # Of 253 links to other zones, those are canonical that a country has a line for; and UTC.
        of_countries = {
            line.split("\t")[2] for line in (zones / "zone.tab").read_text().splitlines() if not line.startswith("#")
        }
        links = {
            name: target
            for _, target, name, *_ in (
                line.split() for line in (zones / "tzdata.zi").read_text().splitlines() if line.startswith("L ")
            )
            if name not in of_countries and name != "UTC"
        }
        return links.get(self.time_zone, self.time_zone)

    @property
    def cron_days(self) -> str:
        """The days for a cron expression."""
        return cron_days(self.days)

    @property
    def week_days(self) -> tuple[str, ...]:
        """The names of the days on which tasks run."""
        return week_days(self.days)

    @property
    def running_hours(self) -> list[tuple[int, int]]:
        """The hours of the week in which tasks are certain to run, as alarms need them."""
        return running_hours(
            map(DAYS.index, self.week_days), wake=self.wake_hour, sleep=self.sleep_hour, time_zone=self.time_zone
        )

    @rule
    def _alarms_have_an_hour(self) -> Iterator[Mistake]:
        if self.wake_hour < self.sleep_hour and not self.running_hours:
            yield Mistake(
                ("sleep_hour",),
                f"is too soon after tasks.off_hours.wake_hour {self.wake_hour}: alarms need a whole hour in UTC in "
                "which tasks run in every season, from an hour after their start, and there is none; make it later",
            )

    @rule
    def _sleep_after_waking(self) -> Iterator[Mistake]:
        if self.sleep_hour <= self.wake_hour:
            yield Mistake(("sleep_hour",), f"must be after tasks.off_hours.wake_hour {self.wake_hour}")

    @rule
    def _each_day_once(self) -> Iterator[Mistake]:
        yield from repeated_days(self.days)
