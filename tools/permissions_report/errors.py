"""What ends a report before it has begun."""


class ReportError(Exception):
    """It cannot be made; the text says what is wrong and what to do. Shown without traceback."""
