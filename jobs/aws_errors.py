"""What AWS's errors mean, for the jobs and the tools: denied, throttled, broken, or a stack that does not exist.

Whoever asks for something that may be absent looks for the one code that says so; every other error is none of absence.
S3 says `NoSuchKey` only to those who may list the bucket, and `AccessDenied` to others (Amazon S3 API Reference,
"GetObject"), so an object that cannot be read for want of rights counts as denied, never as absent.
"""

from typing import Final

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own

DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The codes that botocore retries as throttling, of the services that are called here."""
_BROKEN: Final = 500
"""The least HTTP status of a failure on AWS's side."""


def code_of(error: Exception) -> str:
    """Return AWS's code; empty if AWS did not answer."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def is_denied(error: Exception) -> bool:
    """Return whether AWS denied the call."""
    return code_of(error) in DENIED


def has_no_stack(error: ClientError) -> bool:
    """Return whether CloudFormation says that a stack does not exist; other invalid requests have the same code."""
    return code_of(error) == "ValidationError" and "does not exist" in error.response["Error"].get("Message", "")


def is_temporary(error: Exception) -> bool:
    """Return whether AWS throttled the call, failed, or could not be reached: it says nothing of what was asked for."""
    return code_of(error) in THROTTLED or _has_failed(error) or _is_unreachable(error)


def explained(error: Exception, with_more_rights: str) -> str:
    """Return the error's text, with advice if AWS denied or throttled the call, failed, or could not be reached."""
    if is_denied(error):
        return f"AWS denied it: {error}. Try {with_more_rights}"
    if code_of(error) in THROTTLED:
        return f"AWS throttled it: {error}. Try again in a minute"
    if _has_failed(error):
        return f"AWS failed: {error}. Try again; AWS Health shows known outages"
    if _is_unreachable(error):
        return f"AWS cannot be reached: {error}. Check the network and its proxy, then try again"
    return str(error)


def _has_failed(error: Exception) -> bool:
    metadata = error.response.get("ResponseMetadata", {}) if isinstance(error, ClientError) else {}
    return metadata.get("HTTPStatusCode", 0) >= _BROKEN


def _is_unreachable(error: Exception) -> bool:
    return isinstance(error, (ConnectionError, HTTPClientError))
