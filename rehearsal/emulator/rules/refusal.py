"""AWS's refusals: the message and error code of a stack event."""

import uuid

from rehearsal.errors import NOT_EMULATED

ALREADY_EXISTS = "AlreadyExists"
INVALID_REQUEST = "InvalidRequest"
NOT_FOUND = "NotFound"
QUOTA = "ServiceLimitExceeded"


class Refusal(ValueError):  # noqa: N818 - what AWS does
    """AWS refuses this resource; ministack puts the message into the stack's event and rolls the stack back."""


class NotEmulated(Exception):  # noqa: N818 - a limit of the emulator, not an error of its input
    """The emulator does not support a request; the message says what is missing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{NOT_EMULATED}: {what}")


def handler_refusal(message: str, code: str = INVALID_REQUEST) -> Refusal:
    """Return a refusal in the form of a resource type's handler.

    Source: "Resource type handler error codes", CloudFormation CLI User Guide; the form is that of stack events.
    """
    return Refusal(
        f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
    )


def service_refusal(message: str, service: str, code: str = INVALID_REQUEST, *, status: int = 400) -> Refusal:
    """Return a refusal that a handler passes on from its service's API."""
    return handler_refusal(
        f"{message} (Service: {service}, Status Code: {status}, Request ID: {uuid.uuid4()})", code=code
    )
