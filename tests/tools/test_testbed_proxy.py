"""A task's way to a server: it passes on, falls silent and goes on, is cut off loudly and opened again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from testbed.proxy import Proxy

ADDRESS = "127.0.0.1"


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(100):
        writer.write(said)
    writer.close()


@asynccontextmanager
async def opened() -> AsyncGenerator[Proxy, None]:
    """A proxy before a server that says what it hears."""
    server = await asyncio.start_server(_echo, ADDRESS, 0)
    proxy = Proxy(address=ADDRESS, to_address=ADDRESS, to_port=server.sockets[0].getsockname()[1])
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.cut()
        server.close()


async def heard(reader: asyncio.StreamReader, *, within_seconds: float = 5) -> bytes:
    return await asyncio.wait_for(reader.read(100), within_seconds)


async def passes_on() -> None:
    async with opened() as proxy:
        reader, writer = await asyncio.open_connection(ADDRESS, proxy.port)
        writer.write(b"one")
        assert await heard(reader) == b"one"
        writer.write_eof()
        assert await heard(reader) == b""


async def is_silent_and_goes_on() -> None:
    async with opened() as proxy:
        reader, writer = await asyncio.open_connection(ADDRESS, proxy.port)
        proxy.silence()
        writer.write(b"held back")
        with pytest.raises(TimeoutError):
            await heard(reader, within_seconds=0.1)
        # New ones are accepted, and hear nothing either.
        later, later_writer = await asyncio.open_connection(ADDRESS, proxy.port)
        later_writer.write(b"too")
        with pytest.raises(TimeoutError):
            await heard(later, within_seconds=0.1)
        await proxy.open()
        assert await heard(reader) == b"held back"
        assert await heard(later) == b"too"
        for one in (writer, later_writer):
            one.close()


async def cuts_off_and_opens_at_the_same_port() -> None:
    async with opened() as proxy:
        reader, writer = await asyncio.open_connection(ADDRESS, proxy.port)
        writer.write(b"one")
        assert await heard(reader) == b"one"
        await proxy.cut()
        with pytest.raises(ConnectionResetError):
            await heard(reader)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(ADDRESS, proxy.port)
        await proxy.open()
        reader, writer = await asyncio.open_connection(ADDRESS, proxy.port)
        writer.write(b"two")
        assert await heard(reader) == b"two"
        writer.close()


@pytest.mark.parametrize("course", [passes_on, is_silent_and_goes_on, cuts_off_and_opens_at_the_same_port])
def test_a_way_to_a_server(course: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await course()

    asyncio.run(run())
