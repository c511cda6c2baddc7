"""What can go wrong, for people."""

from cloud_assembly import UserError


class PolicyError(UserError):
    """The policies cannot be generated; the text says why, and what to do."""
