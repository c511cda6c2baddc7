"""The error of this package."""


class DiagramError(Exception):
    """A picture cannot be drawn. The message says what to do and is shown without a traceback."""
