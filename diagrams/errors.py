"""What can go wrong when pictures are drawn."""


class DiagramError(Exception):
    """A picture cannot be drawn. The text says what to do; shown without traceback."""
