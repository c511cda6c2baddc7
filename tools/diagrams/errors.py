"""The error of this package."""

from cloud_assembly import UserError


class DiagramError(UserError):
    """A picture cannot be drawn. The message says what to do and is shown without a traceback."""
