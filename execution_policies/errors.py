"""What can go wrong, for people."""


class PolicyError(Exception):
    """The policies cannot be generated; the text says why, and what to do."""
