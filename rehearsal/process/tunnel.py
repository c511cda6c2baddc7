"""The way out by HTTPS: a proxy on a free loopback port that leads emulated hosts to the emulator.

`HTTPS_PROXY` leads every client here. Names the emulator answers for, such as a deployed distribution's, and every host
of AWS's are connected to its TLS port; the addresses that give credentials are refused; every other host, such as a
package registry, is connected to itself. What passes through is not looked at. Started by the rehearsal; prints
`{"port": N}` once it listens, and serves until it is ended by a signal.
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
"""How long a client may take to say where it wants to go."""
CONNECT_SECONDS = 30.0
"""How long a host may take to accept a connection."""
CHUNK_BYTES = 64 * 1024
AT_ONCE = 32
"""How many clients are told at a time whether their host is emulated."""

_CONNECT = re.compile(r"CONNECT \[?([^\s\]]+?)\]?:(\d{1,5}) HTTP/1\.[01]\r\n")


class Tunnel:
    """Leads connections to where they belong."""

    def __init__(self, emulator: str, tls_port: int) -> None:
        self._emulator = emulator
        self._tls_port = tls_port
        # Threads of its own: names of other hosts are looked up in the event loop's, of which it has few, and where a
        # name server is slow each is taken for seconds.
        self._asking = ThreadPoolExecutor(AT_ONCE)

    async def serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Serve one client to its end."""
        with contextlib.closing(answer), contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(HEAD_SECONDS):
                head = (await client.readuntil(b"\r\n\r\n")).decode("latin-1")
            wanted = _CONNECT.match(head)
            if wanted is None:
                answer.write(b"HTTP/1.1 405 this proxy only connects\r\nContent-Length: 0\r\n\r\n")
                return
            if wanted[1].lower() in METADATA:
                answer.write(_refusal(403, refusal(wanted[1])))
                return
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    asked = (self._destination, wanted[1].lower(), int(wanted[2]))
                    host, port = await asyncio.get_running_loop().run_in_executor(self._asking, *asked)
                    source, target = await asyncio.open_connection(host, port)
            except OSError:  # a name that is none, a host that refuses, and one that is silent too long
                answer.write(_refusal(502, f"{wanted[1]} cannot be reached"))
                return
            with contextlib.closing(target):
                answer.write(b"HTTP/1.1 200 connected\r\n\r\n")
                await asyncio.gather(_pass_on(client, target), _pass_on(source, answer))

    def _destination(self, host: str, port: int) -> tuple[str, int]:
        if belongs_to_aws(host):
            return "127.0.0.1", self._tls_port
        # Asked anew each time: what is emulated changes with every deployment.
        with open_without_proxy(f"{self._emulator}/_rehearsal/hosts", timeout_seconds=HEAD_SECONDS) as found:
            emulated = json.load(found)["hosts"]
        return ("127.0.0.1", self._tls_port) if host in emulated else (host, port)


def _refusal(status: int, message: str) -> bytes:
    return f"HTTP/1.1 {status} {message}\r\nContent-Length: 0\r\n\r\n".encode()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
        target.write_eof()


async def _run(emulator: str, tls_port: int) -> None:
    server = await asyncio.start_server(Tunnel(emulator, tls_port).serve, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until ended by a signal."""
    parser = argparse.ArgumentParser(prog="rehearsal.process.tunnel", description=__doc__)
    parser.add_argument("--emulator", required=True, help="the emulator's address")
    parser.add_argument("--tls-port", type=int, required=True, help="where the emulator speaks TLS")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.emulator, arguments.tls_port))


if __name__ == "__main__":
    main()
