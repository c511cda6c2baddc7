"""An HTTP server on the loopback that goes wrong on purpose: a load balancer in front of a sick application."""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import parse_qsl

Behaviour: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""How one request is answered; the connection is closed afterwards."""


@dataclass(frozen=True)
class Request:
    """What a server was asked."""

    text: str
    """Head and body."""

    @property
    def method(self) -> str:
        return self.text.split(" ", 2)[0]

    @property
    def path(self) -> str:
        return self.text.split(" ", 2)[1]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.text.partition("\r\n\r\n")[2], keep_blank_values=True))


Application: TypeAlias = Callable[[Request], Behaviour]
"""How each request is to be answered."""

CONTRACT = {
    "status": "ok",
    "role": "active",
    "engine": "running",
    "leader": {"age_seconds": 1.5, "epoch": 7},
    "version": "1.0.0",
}
"""What the container answers on its health path when it is well."""

TASK = "X-Yawl-Task"
"""The header in which a task gives its name."""

PROXY_VARIABLES = [case(f"{kind}_PROXY") for kind in ("HTTP", "HTTPS", "ALL", "NO") for case in (str.upper, str.lower)]
"""What could lead a client past the server; a test that is itself run behind a proxy takes them away."""


@dataclass
class Server:
    """A server that runs."""

    port: int
    scheme: str = "http"
    requests: list[str] = field(default_factory=list)
    """Head and body of each request received."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


def respond(
    status: int,
    body: bytes = b"",
    *,
    content_type: str = "text/html",
    length: int | None = None,
    location: str = "",
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """Answer with a status and a body; `length` is what the headers claim of it."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        claimed = len(body) if length is None else length
        _write_head(writer, status, length=claimed, content_type=content_type, location=location, headers=headers)
        writer.write(body)
        await writer.drain()

    return behave


def raw(text: str | bytes) -> Behaviour:
    """Answer with exactly these bytes; each line of the text ends with CR and LF."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode())
        await writer.drain()

    return behave


def healthy(*, task: str = "task-one", headers: Mapping[str, str] | None = None, **changes: object) -> Behaviour:
    """Answer as the container's contract says, but for these changes; None takes a field away."""
    body = {name: value for name, value in (CONTRACT | changes).items() if value is not None}
    named = {TASK: task, "Cache-Control": "no-store"}
    return respond(200, json.dumps(body).encode(), content_type="application/json", headers=named | dict(headers or {}))


def late(seconds: float, behaviour: Behaviour) -> Behaviour:
    """Do as told, a while later."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await behaviour(writer)

    return behave


def endless() -> Behaviour:
    """Send a body that does not end."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b" " * 1024)
            await writer.drain()
            await asyncio.sleep(0.001)

    return behave


def truncated_chunk() -> Behaviour:
    """Announce a chunk, and end within it."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode() + b'40\r\n{"status": "ok", "ro')
        await writer.drain()

    return behave


def reset_in_the_middle() -> Behaviour:
    """Send the headers and half a body, then break the connection off."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        body = json.dumps(CONTRACT).encode()
        _write_head(writer, 200, length=len(body), content_type="application/json")
        writer.write(body[: len(body) // 2])
        await writer.drain()
        # What was sent is read before the reset arrives: a reset overtakes nothing that waits to be read.
        await asyncio.sleep(0.1)
        await reset()(writer)

    return behave


def hang() -> Behaviour:
    """Say nothing."""

    async def behave(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    return behave


def hang_after_headers() -> Behaviour:
    """Send the headers, then nothing."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, 200, length=100, content_type="application/json")
        await writer.drain()
        await asyncio.sleep(60)

    return behave


def drip(pause: float) -> Behaviour:
    """Send a good answer one byte at a time."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        body = json.dumps(CONTRACT).encode()
        headers = {TASK: "task-one"}
        _write_head(writer, 200, length=len(body), content_type="application/json", headers=headers)
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
    *behaviours: Behaviour,
    method: str = "GET",
    path: str = "/resourceService/",
    elsewhere: Behaviour,
    tls: ssl.SSLContext | None = None,
) -> Generator[Server, None, None]:
    """Serve `method` of `path` with one behaviour a request, the last one repeatedly; `elsewhere` has the rest."""
    left = list(behaviours)

    def application(request: Request) -> Behaviour:
        if (request.method, request.path) != (method, path):
            return elsewhere
        return left.pop(0) if len(left) > 1 else left[0]

    with serve_application(application, tls=tls) as server:
        yield server


@contextmanager
def serve_application(
    application: Application, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> Generator[Server, None, None]:
    """Serve whatever `application` says; it is asked in one thread, one request at a time."""
    started: list[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever hangs is cancelled when the server ends.
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            request = await _read(reader)
            started[0][0].requests.append(request)
            await application(Request(request))(writer)
        with suppress(ConnectionError, ssl.SSLError):
            writer.close()
            await writer.wait_closed()

    async def run() -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(handle, host, port, ssl=tls)
        scheme = "https" if tls else "http"
        started.append((Server(server.sockets[0].getsockname()[1], scheme), asyncio.get_running_loop(), stop))
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


def _write_head(
    writer: asyncio.StreamWriter,
    status: int,
    *,
    length: int,
    content_type: str,
    location: str = "",
    headers: Mapping[str, str] | None = None,
) -> None:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {length}"]
    lines += [f"Content-Type: {content_type}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if location:
        lines.append(f"Location: {location}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
