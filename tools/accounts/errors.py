"""What ends an operation, and what AWS's refusals mean."""

from typing import Final

from botocore.exceptions import ClientError

from cloud_assembly import UserError

DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
THROTTLED: Final = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})


class OperationError(UserError):
    """It cannot be done; the text says what is wrong, where, and what to do. Shown without traceback."""


def explained(error: Exception, with_more_rights: str) -> str:
    """Return the error with what to do about it: more rights where AWS denied, patience where it throttled."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in DENIED:
        return f"AWS denied it: {error}. Try {with_more_rights}"
    if code in THROTTLED:
        return f"AWS throttled it: {error}. Try again in a minute"
    return str(error)
