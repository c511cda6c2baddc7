"""The error of this package."""

from cloud_assembly import UserError


class PolicyError(UserError):
    """The policies cannot be generated. The message says why and what to do."""
