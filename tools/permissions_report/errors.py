"""What ends a report before it has begun."""

from cloud_assembly import UserError


class ReportError(UserError):
    """It cannot be made; the text says what is wrong and what to do. Shown without traceback."""
