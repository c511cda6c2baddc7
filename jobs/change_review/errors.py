"""What ends a review before it has a verdict."""


class ReviewError(Exception):
    """The review cannot be made; the text says what is wrong, where, and what to do."""
