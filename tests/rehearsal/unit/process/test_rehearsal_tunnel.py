"""The way out by HTTPS: emulated hosts are reached at once, whatever becomes of the others."""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typing_extensions import override

from rehearsal.process import tunnel
from rehearsal.process.tunnel import Tunnel

EMULATED = "d1.cloudfront.net"
SLOW = "registry.example.org"


class Hosts(BaseHTTPRequestHandler):
    """The emulator's answer to which hosts it has."""

    def do_GET(self) -> None:
        body = json.dumps({"hosts": [EMULATED]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def emulator() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hosts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


async def connect(port: int, host: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        return await reader.readline()
    finally:
        writer.close()


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def answer_of(emulator: str, host: str, handler: Handler, client: str = "127.0.0.1") -> bytes:
    """What a client gets from a server behind the tunnel until the connection ends."""
    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with await asyncio.start_server(Tunnel(emulator, port).serve, "127.0.0.1", 0) as subject:
            reader, writer = await asyncio.open_connection(*subject.sockets[0].getsockname(), local_addr=(client, 0))
            with contextlib.closing(writer):
                writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\nask".encode())
                received = b""
                async with asyncio.timeout(30):
                    with contextlib.suppress(ConnectionResetError):
                        while chunk := await reader.read(1024):
                            received += chunk
                return received


def test_broken_connection_is_broken_for_the_client(emulator: str) -> None:
    """Otherwise npm would wait five minutes for the rest."""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        writer.write(b"half an answer")
        await asyncio.sleep(0.1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    received = asyncio.run(answer_of(emulator, "localhost", break_off))
    assert received.endswith(b"half an answer")


async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"half an answer")
    await reader.read()
    writer.close()


def test_silent_host_is_given_up(
    emulator: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tunnel, "IDLE_SECONDS", 0.3)
    received = asyncio.run(answer_of(emulator, "localhost", fall_silent))
    assert received.endswith(b"half an answer")
    assert capsys.readouterr().out == "localhost sent nothing for 0 s; its connection was closed\n"


def test_emulated_hosts_may_take_their_time(
    emulator: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tunnel, "IDLE_SECONDS", 0.1)

    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        await asyncio.sleep(0.5)
        writer.write(b"late answer")
        writer.close()

    received = asyncio.run(answer_of(emulator, EMULATED, answer_late))
    assert received.endswith(b"late answer")
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, this machine has one loopback address only")
def test_emulator_sees_the_address_of_the_build(emulator: str) -> None:
    seen: list[str] = []

    async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peername")[0])
        writer.close()

    asyncio.run(answer_of(emulator, EMULATED, look, client="127.1.0.7"))
    asyncio.run(answer_of(emulator, "localhost", look, client="127.1.0.7"))
    assert seen == ["127.1.0.7", "127.0.0.1"]


def test_slow_name_lookups_do_not_block_emulated_hosts(emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, looked_up = threading.Event(), socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != SLOW:
            return looked_up(host, *arguments, **options)
        found.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "nobody knows")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def ask() -> tuple[bytes, list[bytes]]:
        quiet = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        subject = Tunnel(emulator, quiet.sockets[0].getsockname()[1])
        server = await asyncio.start_server(subject.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with quiet, server:
            # More than the event loop has threads, which are as many as 32 on a machine with many processors.
            slow = [asyncio.create_task(connect(port, SLOW)) for _ in range(40)]
            await asyncio.sleep(0.5)
            try:
                first = await asyncio.wait_for(connect(port, EMULATED), 20)
            finally:
                found.set()
            return first, await asyncio.gather(*slow)

    first, others = asyncio.run(ask())
    assert first == b"HTTP/1.1 200 connected\r\n"
    assert set(others) == {b"HTTP/1.1 502 cannot connect to registry.example.org\r\n"}
