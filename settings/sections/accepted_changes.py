"""The tables `[environments.NAME.accepted_changes.FINGERPRINT]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.validation.constraints import Matches

Fingerprint = Annotated[str, Matches(r"[0-9a-f]{12}", "the 12 hexadecimal digits the change review prints")]


Reason = Annotated[str, Matches(r"\S.{8,}\S", "a sentence of at least ten characters", longest=1000)]


class AcceptedPermissions(Section):
    """Broader permissions of the pipeline's own that are meant."""

    reason: Reason
    """Why they are meant."""


class AcceptedChange(Section):
    """One change that the change review would stop, and that is meant.

    The review prints the table, all but the reason. It holds for this one change: another change of the same resource,
    also the same one in another environment, is stopped again. Once the release is through, it has done its work.
    """

    stack: Annotated[str, Matches(r"[a-z][a-z0-9-]*", "a stack without its environment's name, such as database")]
    """The stack the change is in."""
    subject: Annotated[str, Matches(r"[A-Za-z0-9]+", "a logical id, or permissions")]
    """The resource that would be lost, or `permissions`."""
    reason: Reason
    """Why it is meant, and how what is lost is kept or made again; shown to the approver."""
