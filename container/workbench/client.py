"""An HTTP client for many short requests: one connection each, and little more than what goes over it.

A general one spends several times the processor time that the tasks spend on the answer.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+) *\r\n", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"


class UnreachableError(Exception):
    """No connection came to be, so nothing was sent; the text names the kind of failure."""


class UnansweredError(Exception):
    """The request may have arrived, but no whole answer has; the text names the kind of failure."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered."""

    status: int
    text: str


async def get(address: str, port: int, path: str, *, within_seconds: float) -> Answer:
    """Ask for `path`; raises UnreachableError and UnansweredError."""
    return await _exchange(address, port, f"GET {path} HTTP/1.1\r\n{_headers(address, port)}\r\n", within_seconds)


async def post(address: str, port: int, path: str, form: Mapping[str, str], *, within_seconds: float) -> Answer:
    """Send a form to `path`; raises UnreachableError and UnansweredError."""
    body = urlencode(form)
    headers = f"{_headers(address, port)}Content-Type: {_FORM}\r\nContent-Length: {len(body)}\r\n"
    return await _exchange(address, port, f"POST {path} HTTP/1.1\r\n{headers}\r\n{body}", within_seconds)


def _headers(address: str, port: int) -> str:
    return f"Host: {address}:{port}\r\nAccept: */*\r\nConnection: close\r\n"


async def _exchange(address: str, port: int, request: str, within_seconds: float) -> Answer:
    """Connect, and send and be answered, each `within_seconds`."""
    try:
        async with asyncio.timeout(within_seconds):
            reader, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        raise UnreachableError(type(error).__name__) from error
    try:
        async with asyncio.timeout(within_seconds):
            writer.write(request.encode())
            return await _answer(reader)
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        raise UnansweredError(type(error).__name__) from error
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    status, length = _STATUS.match(head), _LENGTH.search(head)
    # Whoever answers here knows the length; only so is an answer that was cut off known for one.
    if status is None or length is None:
        raise ValueError("not an answer of a known length")
    body = await reader.readexactly(int(length[1]))
    return Answer(status=int(status[1]), text=body.decode(errors="replace"))
