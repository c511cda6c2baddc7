"""What can go wrong before an execution starts."""

from cloud_assembly import UserError

NOT_EMULATED = "This is a gap of the rehearsal's emulator, not an answer of AWS"
"""By these words a failure is known that says nothing about the release; the emulator writes them."""


class RehearsalError(UserError):
    """The rehearsal cannot start: bad input or a missing part. The text says what to do; shown without traceback."""
