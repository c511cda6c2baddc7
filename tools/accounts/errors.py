"""The error of operations on accounts, and explanations of AWS's errors."""

from typing import Final

from botocore.exceptions import ClientError

from cloud_assembly import UserError

DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
THROTTLED: Final = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})


class OperationError(UserError):
    """An operation cannot be done; the text says what is wrong, where, and what to do."""


def explained(error: Exception, with_more_rights: str) -> str:
    """Return the error's text, with advice if AWS denied or throttled the call."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in DENIED:
        return f"AWS denied it: {error}. Try {with_more_rights}"
    if code in THROTTLED:
        return f"AWS throttled it: {error}. Try again in a minute"
    return str(error)
