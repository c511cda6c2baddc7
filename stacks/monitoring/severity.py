"""The severities of alarms."""

from enum import StrEnum


class Severity(StrEnum):
    """Who must know about an alarm, and when (reference, Monitoring: notification routing)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def meaning(self) -> str:
        """The meaning of the severity, and who acts when; shown on the dashboard."""
        return {
            Severity.HIGH: "Users are affected, or will be soon. The on-call engineer acts now.",
            Severity.MEDIUM: "Service is up with reduced capacity. The team investigates today.",
            Severity.LOW: "Slower or fuller than intended. Shown here only; watch the trend over days.",
        }[self]

    @property
    def mailed(self) -> bool:
        """Whether it is mailed to the environment's alarm address; frequent mails about low alarms would be ignored."""
        return self is not Severity.LOW
