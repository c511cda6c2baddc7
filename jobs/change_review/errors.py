"""What ends a review before it has a verdict."""

from cloud_assembly import UserError


class ReviewError(UserError):
    """The review cannot be made; the text says what is wrong, where, and what to do."""
