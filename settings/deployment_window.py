"""The table `[environments.NAME.deployment_window]`."""

from importlib.resources import files
from typing import Annotated

from settings.constraints import Matches, OneOf
from settings.section import Section

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
TIME_ZONES = tuple((files("tzdata") / "zones").read_text().split())
"""The names of the time zone database, from its package: what a machine has of its own differs."""
_DAY = f"({'|'.join(DAYS)})"
_HOUR = "([01]?[0-9]|2[0-3])"


class DeploymentWindowSettings(Section):
    """When an environment may be touched: the pipeline waits before it until the window opens.

    In the console, "override" at the stage's entry lets one release through at any time.
    """

    days: Annotated[str, Matches(rf"{_DAY}(-{_DAY}|(,{_DAY})*)", "days such as MON-THU or MON,WED", longest=40)]
    """The days of the week on which a deployment may begin."""
    hours: Annotated[str, Matches(rf"{_HOUR}(-{_HOUR})?", "whole hours such as 9-15, the last one included", longest=5)]
    """The hours in which a deployment may begin: with 9-15, from 9:00 until 15:59."""
    time_zone: Annotated[str, OneOf(TIME_ZONES, "the name of a time zone, such as Europe/Berlin")]
    """Where the days and hours are meant; summer time is observed."""

    @property
    def cron(self) -> str:
        """The window as CodePipeline writes it (User Guide, "DeploymentWindow"): every minute in which it is open."""
        return f"* * {self.hours} ? * {self.days} *"
