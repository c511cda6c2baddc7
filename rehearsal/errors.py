"""What can go wrong before an execution starts."""


class RehearsalError(Exception):
    """The rehearsal cannot start: bad input or a missing part. The text says what to do; shown without traceback."""
