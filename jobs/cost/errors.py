"""What ends an estimate before it has a figure."""


class CostError(Exception):
    """No estimate can be made; the text says what is wrong, where, and what to do."""
