"""What to do about an alarm, kept beside the alarm.

A runbook becomes the alarm's description and an entry in `docs/runbooks/`, which `make docs` writes.
"""

from dataclasses import asdict, dataclass
from typing import Final

from constructs import Construct

ROLL_BACK: Final = "[roll it back](../RUNBOOKS.md#a-release-is-faulty-roll-it-back)"
"""In an entry: what to do if a release is the cause."""
RUNBOOK: Final = "yawl:runbook"
"""The type of metadata in the assembly with an alarm's runbook; it is not deployed."""


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """One alarm's runbook, in Markdown."""

    meaning: str
    """What happened, and where to look first; it is mailed."""
    users: str
    """What users notice; it is mailed."""
    commands: tuple[str, str, str]
    """The first commands; they only read. `stacks/shared/diagnosis.py` has those that several alarms need."""
    escalate: str
    """When to call somebody or to follow a procedure of docs/RUNBOOKS.md, and which."""

    def description(self, *, page: str, alarm_name: str, severity: str = "") -> str:
        """Return the alarm's description, with the address of its entry on the `page`."""
        begin = f"{severity.upper()}: " if severity else ""
        return f"{begin}{self.meaning} Users: {self.users} Runbook: {page}#{alarm_name}"

    def attach_to(self, alarm: Construct, *, alarm_name: str, severity: str = "") -> None:
        """Write the runbook into the assembly, from where `make docs` reads it."""
        alarm.node.add_metadata(
            RUNBOOK,
            {**asdict(self), "commands": list(self.commands), "alarm": alarm_name, "severity": severity},
        )


def link(page: str, text: str = "runbooks") -> str:
    """Return a Markdown link to a page, or its path in the repository if there is no address to link to."""
    return f"[{text}]({page})" if page.startswith("https:") else f"{text} (repository: {page})"
