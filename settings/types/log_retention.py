"""How long CloudWatch Logs keeps log events."""

from bisect import bisect
from typing import Annotated

from settings.validation.constraints import Constraint

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)  # fmt: skip
"""The only numbers of days that CloudWatch Logs accepts (its API, PutRetentionPolicy)."""


def _problem(days: int) -> str | None:
    if days in RETENTION_DAYS:
        return None
    place = bisect(RETENTION_DAYS, days)
    nearest = " or ".join(str(accepted) for accepted in RETENTION_DAYS[max(place - 1, 0) : place + 1])
    return f"is not offered by CloudWatch Logs; the nearest: {nearest}"


LogRetentionDays = Annotated[
    int, Constraint("a number of days CloudWatch Logs offers, such as 14, 30, 90 or 365", _problem)
]
