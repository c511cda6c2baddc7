"""A TCP proxy between a task and a server; it can reset connections or silently hold back traffic."""

import asyncio
import contextlib
import socket
import struct
from typing import Final

PIECE: Final = 64 * 1024
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER value: closing sends a reset."""


class Proxy:
    """Listens on its own port and forwards everything."""

    def __init__(self, *, address: str, to_address: str, to_port: int) -> None:
        self._address = address
        self._to = (to_address, to_port)
        self.port = 0
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Forward new connections, and data that was held back."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self._address, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Reset all connections on both sides and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._flowing.set()
        for writer in list(self._writers):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def silence(self) -> None:
        """Accept connections but forward nothing, as if the network dropped all packets, until `open`."""
        self._flowing.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        if connection is not None:
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            onward_reader, onward_writer = await asyncio.open_connection(*self._to)
            writers.append(onward_writer)
            self._writers.add(onward_writer)
            directions = [
                asyncio.create_task(self._pump(reader, onward_writer)),
                asyncio.create_task(self._pump(onward_reader, writer)),
            ]
            try:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        finally:
            for one in writers:
                self._writers.discard(one)
                one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            await self._flowing.wait()
            writer.write(piece)
            await writer.drain()
        await self._flowing.wait()
