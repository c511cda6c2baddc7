"""The way out by HTTPS: emulated hosts are reached at once, whatever becomes of the others."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typing_extensions import override

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
        tunnel = Tunnel(emulator, quiet.sockets[0].getsockname()[1])
        server = await asyncio.start_server(tunnel.serve, "127.0.0.1", 0)
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
