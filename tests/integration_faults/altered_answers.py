"""Changes responses of the emulated AWS, for states that the emulator does not support."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders


@contextmanager
def altered(
    client: Any, operation: str, change: Callable[[dict[str, Any]], None], *, times: int = 1_000_000
) -> Generator[None, None, None]:
    """Change the parsed responses to the client's next `times` calls of an operation, such as `DescribeTasks`."""
    left = times

    def alter(parsed: dict[str, Any], **_: object) -> None:
        nonlocal left
        if left > 0:
            left -= 1
            change(parsed)

    event = f"after-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, alter)
    try:
        yield
    finally:
        client.meta.events.unregister(event, alter)


@contextmanager
def throttled(client: Any, *, times: int) -> Generator[None, None, None]:
    """Answer the client's next `times` requests with a throttling error, without sending them."""
    left = times

    def refuse(request: Any, **_: object) -> AWSResponse | None:
        nonlocal left
        if left <= 0:
            return None
        left -= 1
        return _Refusal(request.url, client.meta.service_model.metadata["protocol"])

    client.meta.events.register("before-send", refuse)
    try:
        yield
    finally:
        client.meta.events.unregister("before-send", refuse)


class _Refusal(AWSResponse):
    """A throttling error with a fixed body."""

    def __init__(self, url: str, protocol: str) -> None:
        super().__init__(url, 400, HTTPHeaders(), None)
        self._content = (
            b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
            if "json" in protocol
            else b"<ErrorResponse><Error><Code>ThrottlingException</Code><Message>Rate exceeded</Message></Error>"
            b"<RequestId>0123</RequestId></ErrorResponse>"
        )
