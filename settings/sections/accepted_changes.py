"""The tables `[environments.NAME.accepted_changes.FINGERPRINT]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.validation.constraints import Constraint, all_of, matches

FINGERPRINT = matches(r"[0-9a-f]{12}", "the 12 hexadecimal digits the change review prints")


def _unprintable(text: str) -> str | None:
    found = next((character for character in text if not character.isprintable()), None)
    return f"contains U+{ord(found):04X}, which cannot be shown to the approver; remove it" if found else None


Reason = Annotated[
    str,
    all_of(
        matches(r"(?s)\S.{8,}\S", "a sentence of at least ten characters", longest=1000),
        Constraint("", _unprintable),
    ),
]


class AcceptedPermissions(Section):
    """An accepted change that gives the pipeline itself broader permissions."""

    reason: Reason
    """Why the pipeline needs the permissions."""


class AcceptedChange(Section):
    """An accepted change that the change review would otherwise stop.

    The review prints the table except for the reason. It accepts this one change only: the review still stops any other
    change of the same resource, and the same change in another environment. After the release it can be removed.
    """

    stack: Annotated[str, matches(r"[a-z][a-z0-9-]*", "a stack without its environment's name, such as database")]
    """The stack the change is in; of another environment's stack that is left behind, the whole name."""
    subject: Annotated[str, matches(r"[A-Za-z0-9]+", "a logical id, or permissions")]
    """The resource that would be lost, `permissions`, `outputs`, or `stacks` that are left behind."""
    reason: Reason
    """Why the change is needed, and how lost data is kept or restored. The approver sees it."""
