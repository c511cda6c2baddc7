"""What ends an estimate before it has a figure."""

from cloud_assembly import UserError


class CostError(UserError):
    """No estimate can be made; the text says what is wrong, where, and what to do."""
