"""Errors that end a rehearsal before its pipeline runs, and the marker of the emulator's gaps."""

NOT_EMULATED = "This is a gap of the rehearsal's emulator, not an answer of AWS"
"""The emulator writes this into failures that say nothing about the release."""


class RehearsalError(Exception):
    """The rehearsal cannot start; the text says why and what to do."""
