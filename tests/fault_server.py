"""An HTTP server on the loopback that goes wrong on purpose: a load balancer in front of a sick application."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

Behaviour: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""How one request is answered; the connection is closed afterwards."""

CONTRACT = {"status": "healthy", "role": "active", "engine": "up"}
"""What the container answers on its health path when it is well."""

PROXY_VARIABLES = [case(f"{kind}_PROXY") for kind in ("HTTP", "HTTPS", "ALL", "NO") for case in (str.upper, str.lower)]
"""What could lead a client past the server; a test that is itself run behind a proxy takes them away."""


@dataclass
class Server:
    """A server that runs."""

    port: int
    requests: list[str] = field(default_factory=list)
    """Head and body of each request received."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


def answer(
    status: int, body: bytes = b"", *, content_type: str = "text/html", length: int | None = None, location: str = ""
) -> Behaviour:
    """Answer with a status and a body; `length` is what the headers claim of it."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, status, len(body) if length is None else length, content_type, location)
        writer.write(body)
        await writer.drain()

    return behave


def healthy(**changes: object) -> Behaviour:
    """Answer as the container's contract says, but for these changes; None takes a field away."""
    body = {name: value for name, value in (CONTRACT | changes).items() if value is not None}
    return answer(200, json.dumps(body).encode(), content_type="application/json")


def hang() -> Behaviour:
    """Say nothing."""

    async def behave(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    return behave


def hang_after_headers() -> Behaviour:
    """Send the headers, then nothing."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, 200, 100, "application/json", "")
        await writer.drain()
        await asyncio.sleep(60)

    return behave


def drip(pause: float) -> Behaviour:
    """Send a good answer one byte at a time."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        body = json.dumps(CONTRACT).encode()
        _write_head(writer, 200, len(body), "application/json", "")
        for byte in body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def reset() -> Behaviour:
    """Break the connection off."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await asyncio.sleep(0)

    return behave


@contextmanager
def serve(
    *behaviours: Behaviour, path: str = "/resourceService/", elsewhere: Behaviour
) -> Generator[Server, None, None]:
    """Serve `path` with one behaviour a request, the last of them for ever; `elsewhere` holds for all other paths."""
    left = list(behaviours)
    started: list[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read(reader)
            started[0][0].requests.append(request)
            if request.split(" ")[1] != path:
                await elsewhere(writer)
            else:
                await (left.pop(0) if len(left) > 1 else left[0])(writer)
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def run() -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        started.append((Server(server.sockets[0].getsockname()[1]), asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait()
    server, loop, stop = started[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def unused_port() -> int:
    """Find a port of the loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _read(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = next(
        (line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")), "0"
    )
    return head + (await reader.readexactly(int(length))).decode("latin-1")


def _write_head(writer: asyncio.StreamWriter, status: int, length: int, content_type: str, location: str) -> None:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {length}"]
    lines += [f"Content-Type: {content_type}", "Connection: close"]
    if location:
        lines.append(f"Location: {location}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
