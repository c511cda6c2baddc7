"""The table `[environments.NAME.tasks.night]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.sections.deployment_window import DAYS_FORM, DAYS_PATTERN, TIME_ZONES, week_days
from settings.validation.constraints import Between, Matches, OneOf


class NightSettings(Section):
    """When tasks sleep: on the days named they run from `wake_hour` to `sleep_hour`, at all other times none does.

    Nobody is served while they sleep. Database, cache and load balancer stay, and cost what they cost.
    """

    days: Annotated[str, Matches(DAYS_PATTERN, DAYS_FORM, longest=40)]
    """The days of the week on which tasks run."""
    wake_hour: Annotated[int, Between(0, 22, "o'clock")]
    """When tasks start."""
    sleep_hour: Annotated[int, Between(1, 23, "o'clock")]
    """When tasks end, on the same day."""
    time_zone: Annotated[str, OneOf(TIME_ZONES, "the name of a time zone, such as Europe/Berlin")]
    """Where the days and hours are meant; summer time is observed."""

    @property
    def week_days(self) -> tuple[str, ...]:
        """The days on which tasks run, each by its name."""
        return week_days(self.days)

    @rule
    def _sleep_after_waking(self) -> Iterator[Mistake]:
        if self.sleep_hour <= self.wake_hour:
            yield Mistake(("sleep_hour",), f"is not after tasks.night.wake_hour {self.wake_hour}")
