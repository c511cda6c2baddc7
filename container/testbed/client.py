"""A minimal HTTP client for many short requests, with one connection each.

A general-purpose client would use several times the CPU time that the tasks need to respond.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import h11

CHUNK: Final = 65_536
"""Bytes per read."""


class UnreachableError(Exception):
    """The connection failed, so nothing was sent; the text names the kind of failure."""


class UnansweredError(Exception):
    """The request may have arrived, but no complete response has; the text names the kind of failure."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response."""

    status: int
    text: str


async def get(address: str, port: int, path: str, *, within_seconds: float) -> Answer:
    """Send a GET request; raises UnreachableError and UnansweredError."""
    request = h11.Request(method="GET", target=path, headers=_headers(address, port))
    return await _exchange(address, port, request, b"", within_seconds)


async def post(address: str, port: int, path: str, form: Mapping[str, str], *, within_seconds: float) -> Answer:
    """Send a POST request with a form; raises UnreachableError and UnansweredError."""
    body = urlencode(form).encode()
    of_the_form = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))]
    request = h11.Request(method="POST", target=path, headers=[*_headers(address, port), *of_the_form])
    return await _exchange(address, port, request, body, within_seconds)


def _headers(address: str, port: int) -> list[tuple[str, str]]:
    return [("Host", f"{address}:{port}"), ("Connection", "close")]


async def _exchange(address: str, port: int, request: h11.Request, body: bytes, within_seconds: float) -> Answer:
    """Connect, then send and receive, each `within_seconds`."""
    try:
        async with asyncio.timeout(within_seconds):
            reader, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        raise UnreachableError(type(error).__name__) from error
    connection = h11.Connection(h11.CLIENT)
    try:
        async with asyncio.timeout(within_seconds):
            for event in (request, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            return await _answer(connection, reader)
    except (OSError, h11.RemoteProtocolError) as error:
        raise UnansweredError(type(error).__name__) from error
    finally:
        writer.close()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    status, body = 0, b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
        elif event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
    return Answer(status=status, text=body.decode(errors="replace"))
