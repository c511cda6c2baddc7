"""How long CloudWatch Logs keeps log events."""

from bisect import bisect
from typing import Annotated

from settings.aws.data import LOG_RETENTION_DAYS
from settings.validation.constraints import Constraint


def _problem(days: int) -> str | None:
    if days in LOG_RETENTION_DAYS:
        return None
    place = bisect(LOG_RETENTION_DAYS, days)
    nearest = " or ".join(str(accepted) for accepted in LOG_RETENTION_DAYS[max(place - 1, 0) : place + 1])
    return f"is not offered by CloudWatch Logs; the nearest: {nearest}"


LogRetentionDays = Annotated[
    int, Constraint("a number of days CloudWatch Logs offers, such as 14, 30, 90 or 365", _problem)
]
