"""What ends an operation before it has begun."""


class OperationError(Exception):
    """It cannot be done; the text says what is wrong, where, and what to do. Shown without traceback."""
