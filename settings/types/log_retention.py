"""How long CloudWatch Logs keeps what it is given."""

from bisect import bisect
from typing import Annotated

from settings.validation.constraints import Constraint

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)  # fmt: skip
"""The only numbers of days on offer (CloudWatch Logs API, PutRetentionPolicy)."""


class RetentionDays(Constraint):
    """A number of days that CloudWatch Logs knows."""

    @property
    def expected(self) -> str:
        """A few of the numbers."""
        return "a number of days CloudWatch Logs offers, such as 14, 30, 90 or 365"

    def problem(self, value: object) -> str | None:
        """Name the neighbours of a number that is not on offer."""
        if not isinstance(value, int) or value in RETENTION_DAYS:
            return None
        place = bisect(RETENTION_DAYS, value)
        neighbours = " or ".join(str(days) for days in RETENTION_DAYS[max(place - 1, 0) : place + 1])
        return f"is not offered by CloudWatch Logs; the nearest: {neighbours}"


LogRetentionDays = Annotated[int, RetentionDays()]
