"""How bad an alarm is."""

from enum import StrEnum


class Severity(StrEnum):
    """Who has to know of an alarm, and when (reference, Monitoring: notification routing)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def meaning(self) -> str:
        """What somebody who is told of it has to know first."""
        return {
            Severity.HIGH: "Users are cut off, or will be soon. The on-call engineer acts now.",
            Severity.MEDIUM: "It works, with less in reserve. The team looks at it today.",
            Severity.LOW: "Slower or fuller than it should be. It is shown here, to be judged over days.",
        }[self]

    @property
    def mailed(self) -> bool:
        """Whether the environment's alarm address hears of it; mail about low ones would teach to overlook mail."""
        return self is not Severity.LOW
