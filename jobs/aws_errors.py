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


def code_of(error: Exception) -> str:
    """Return AWS's code; empty if AWS did not answer."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def is_denied(error: Exception) -> bool:
    """Return whether AWS denied the call."""
    return code_of(error) in DENIED


def has_no_stack(error: ClientError) -> bool:
    """Return whether CloudFormation says that a stack does not exist; other invalid requests have the same code."""
    return code_of(error) == "ValidationError" and "does not exist" in error.response["Error"].get("Message", "")


def explained(error: Exception, with_more_rights: str) -> str:
    """Return the error's text, with advice if AWS denied or throttled the call, failed, or could not be reached."""
    if is_denied(error):
        return f"AWS denied it: {error}. Try {with_more_rights}"
    if code_of(error) in THROTTLED:
        return f"AWS throttled it: {error}. Try again in a minute"
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return f"AWS failed: {error}. Try again; AWS Health shows known outages" if status >= _BROKEN else str(error)
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return f"AWS cannot be reached: {error}. Check the network and its proxy, then try again"
    return str(error)
