"""The error of operations on accounts."""

from cloud_assembly import UserError


class OperationError(UserError):
    """An operation cannot be done; the text says what is wrong, where, and what to do."""
