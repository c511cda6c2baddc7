"""The table `[environments.NAME.tasks.off_hours]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule
from settings.sections.deployment_window import DAYS_FORM, DAYS_PATTERN, TIME_ZONES, cron_days, repeated_days, week_days
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
    def cron_days(self) -> str:
        """The days for a cron expression."""
        return cron_days(self.days)

    @property
    def week_days(self) -> tuple[str, ...]:
        """The names of the days on which tasks run."""
        return week_days(self.days)

    @rule
    def _sleep_after_waking(self) -> Iterator[Mistake]:
        if self.sleep_hour <= self.wake_hour:
            yield Mistake(("sleep_hour",), f"must be after tasks.off_hours.wake_hour {self.wake_hour}")

    @rule
    def _each_day_once(self) -> Iterator[Mistake]:
        yield from repeated_days(self.days)
