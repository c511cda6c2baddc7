"""Errors that end a rehearsal before its pipeline runs, and the marker of the emulator's gaps."""

from cloud_assembly import UserError

NOT_EMULATED = "This is a gap of the rehearsal's emulator, not an answer of AWS"
"""The emulator writes this into failures that say nothing about the release."""

CUSTOM_RESOURCE_NOT_EMULATED = f"{NOT_EMULATED}: the function of custom resource"
"""How such a failure begins if the function of a custom resource cannot run here."""

PLACEHOLDER = "rehearsal-placeholder"
"""The value, or a part of it, of secrets and parameters that nobody gave."""


def is_gap(message: str) -> bool:
    """Whether a failure says nothing about the release: of the emulator, or of a placeholder that AWS does not take."""
    return NOT_EMULATED in message or (PLACEHOLDER in message and "not authorized to perform" not in message)


class RehearsalError(UserError):
    """The rehearsal cannot start; the text says why and what to do."""
