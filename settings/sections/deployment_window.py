"""The table `[environments.NAME.deployment_window]`."""

from importlib.resources import files
from typing import Annotated

from settings.sections.base import Section
from settings.validation.constraints import Matches, OneOf

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
TIME_ZONES = tuple((files("tzdata") / "zones").read_text().split())
"""The names of the time zone database, from its package: what a machine has of its own differs."""
_DAY = f"({'|'.join(DAYS)})"
DAYS_PATTERN = rf"{_DAY}(-{_DAY}|(,{_DAY})*)"
DAYS_FORM = "days such as MON-THU or MON,WED"
_HOUR = "([01]?[0-9]|2[0-3])"


class DeploymentWindowSettings(Section):
    """When an environment may be touched: the pipeline waits before it until the window opens.

    In the console, "override" at the stage's entry lets one release through at any time.
    """

    days: Annotated[str, Matches(DAYS_PATTERN, DAYS_FORM, longest=40)]
    """The days of the week on which a deployment may begin."""
    hours: Annotated[str, Matches(rf"{_HOUR}(-{_HOUR})?", "whole hours such as 9-15, the last one included", longest=5)]
    """The hours in which a deployment may begin: with 9-15, from 9:00 until 15:59."""
    time_zone: Annotated[str, OneOf(TIME_ZONES, "the name of a time zone, such as Europe/Berlin")]
    """Where the days and hours are meant; summer time is observed."""

    @property
    def cron(self) -> str:
        """The window as CodePipeline writes it (User Guide, "DeploymentWindow"): every minute in which it is open."""
        return f"* * {self.hours} ? * {self.days} *"

    @property
    def week_days(self) -> tuple[str, ...]:
        """The days on which it opens, each by its name."""
        return week_days(self.days)

    @property
    def first_hour(self) -> int:
        """The hour in which it opens."""
        return int(self.hours.partition("-")[0])

    @property
    def last_hour(self) -> int:
        """The last hour in which it is open."""
        return int(self.hours.rpartition("-")[2])


def week_days(days: str) -> tuple[str, ...]:
    """Return the days that `MON-THU` or `MON,WED` names; FRI-MON goes over the weekend."""
    first, through, last = days.partition("-")
    if not through:
        return tuple(days.split(","))
    start, end = DAYS.index(first), DAYS.index(last)
    return tuple(DAYS[index % 7] for index in range(start, (end if end >= start else end + 7) + 1))
