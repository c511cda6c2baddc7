"""The HTTPS proxy of a rehearsal, on a free loopback port.

It connects hosts of AWS and emulated names, such as a deployed distribution's, to the emulator's TLS port, refuses the
metadata addresses that return credentials, and connects every other host, such as a package registry, directly, until
that has been silent for IDLE_SECONDS. It does not decrypt. Prints `{"port": N}` once it listens, and serves until a
signal ends it.
"""

import argparse
import asyncio
import contextlib
import json
import re
from concurrent.futures import ThreadPoolExecutor

from rehearsal.engine.cloud import open_without_proxy
from rehearsal.process.aws_hosts import METADATA, belongs_to_aws, refusal

HEAD_SECONDS = 10.0
"""Timeout for the request head."""
CONNECT_SECONDS = 30.0
"""Timeout for connecting to a host."""
IDLE_SECONDS = 120.0
"""How long a host on the Internet may send nothing while its client sends nothing either. npm waits 5 minutes; less
than the 350 s after which a NAT gateway closes a connection. The emulator's connections have no limit, because a
function may run for 15 minutes."""
CHUNK_BYTES = 64 * 1024
LOOPBACK = "127.0.0.1"
AT_ONCE = 32
"""How many host look-ups run at once."""

_CONNECT = re.compile(r"CONNECT \[?([^\s\]]+?)\]?:(\d{1,5}) HTTP/1\.[01]\r\n")


class Tunnel:
    """Connects clients to the emulator or to the host they ask for."""

    def __init__(self, emulator: str, tls_port: int) -> None:
        self._emulator = emulator
        self._tls_port = tls_port
        # Separate threads, because slow DNS look-ups can occupy all threads of the event loop.
        self._asking = ThreadPoolExecutor(AT_ONCE)

    async def serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Serve one client to its end."""
        with contextlib.closing(answer), contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(HEAD_SECONDS):
                head = (await client.readuntil(b"\r\n\r\n")).decode("latin-1")
            request = _CONNECT.match(head)
            if request is None:
                answer.write(b"HTTP/1.1 405 this proxy only connects\r\nContent-Length: 0\r\n\r\n")
                return
            if request[1].lower() in METADATA:
                answer.write(_refusal(403, refusal(request[1])))
                return
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    arguments = (self._destination, request[1].lower(), int(request[2]))
                    host, port = await asyncio.get_running_loop().run_in_executor(self._asking, *arguments)
                    # The emulator shall see which build it is, by the address that its relay has chosen.
                    client_address = (answer.get_extra_info("peername")[0], 0) if host == LOOPBACK else None
                    source, target = await asyncio.open_connection(host, port, local_addr=client_address)
            except OSError:  # unknown name, refused connection or timeout
                answer.write(_refusal(502, f"cannot connect to {request[1]}"))
                return
            with contextlib.closing(target):
                answer.write(b"HTTP/1.1 200 connected\r\n\r\n")
                idle_seconds = None if host == LOOPBACK else IDLE_SECONDS
                if not await _Connection(idle_seconds).forward((client, target), (source, answer)):
                    print(f"{request[1]} sent nothing for {IDLE_SECONDS:.0f} s; its connection was closed", flush=True)

    def _destination(self, host: str, port: int) -> tuple[str, int]:
        if belongs_to_aws(host):
            return LOOPBACK, self._tls_port
        # Not cached, because every deployment can change it.
        with open_without_proxy(f"{self._emulator}/_rehearsal/hosts", timeout_seconds=HEAD_SECONDS) as found:
            emulated = json.load(found)["hosts"]
        return (LOOPBACK, self._tls_port) if host in emulated else (host, port)


def _refusal(status: int, message: str) -> bytes:
    return f"HTTP/1.1 {status} {message}\r\nContent-Length: 0\r\n\r\n".encode()


class _Connection:
    """Forwards in both directions until both have ended, or until nothing has been sent for too long."""

    def __init__(self, idle_seconds: float | None) -> None:
        self._idle_seconds = idle_seconds
        self._last = 0.0

    async def forward(self, *pairs: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
        """Forward from each reader to its writer; return False if it was idle for too long."""
        clock = asyncio.get_running_loop().time
        self._last = clock()
        open_ones = {asyncio.create_task(self._forward(source, target)) for source, target in pairs}
        while open_ones:
            left = self._idle_seconds and max(0.0, self._last + self._idle_seconds - clock())
            _, open_ones = await asyncio.wait(open_ones, timeout=left)
            if open_ones and self._idle_seconds and clock() - self._last >= self._idle_seconds:
                for _, target in pairs:
                    # Their readers end with them.
                    target.transport.abort()
                await asyncio.wait(open_ones)
                return False
        return True

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK_BYTES):
                self._last = asyncio.get_running_loop().time()
                target.write(chunk)
                await target.drain()
            target.write_eof()
        except OSError:
            # The other side must not wait for what will never come.
            target.transport.abort()


async def _run(emulator: str, tls_port: int) -> None:
    server = await asyncio.start_server(Tunnel(emulator, tls_port).serve, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="rehearsal.process.tunnel", description=__doc__)
    parser.add_argument("--emulator", required=True, help="the emulator's URL")
    parser.add_argument("--tls-port", type=int, required=True, help="the emulator's TLS port")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.emulator, arguments.tls_port))


if __name__ == "__main__":
    main()
