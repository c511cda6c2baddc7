"""The testbed's HTTP client: its errors decide whether a write counts as refused or uncertain."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from testbed import client
from testbed.client import Answer, UnansweredError, UnreachableError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\nyes\n"


def asked(serve: Serve, *, within_seconds: float = 5.0) -> Answer:
    """Return the client's result for a server's behaviour."""

    async def main() -> Answer:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await client.post("127.0.0.1", port, "/ib", {"action": "a b&c"}, within_seconds=within_seconds)

    return asyncio.run(main())


def answering(answer: bytes, requests: list[bytes] | None = None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(14)
        if requests is not None:
            requests.append(head + body)
        writer.write(answer)
        await writer.drain()
        writer.close()

    return serve


def test_posts_a_form_and_reads_the_response() -> None:
    requests: list[bytes] = []
    assert asked(answering(WHOLE, requests)) == Answer(status=200, text="yes\n")
    [request] = requests
    assert request.startswith(b"POST /ib HTTP/1.1\r\nHost: 127.0.0.1:")
    assert request.endswith(b"\r\nContent-Length: 14\r\n\r\naction=a+b%26c")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        WHOLE[:-1],
        WHOLE[:20],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nyes\n\r\n",
        b"SSH-2.0\r\n\r\n",
    ],
)
def test_incomplete_response_is_unanswered(answer: bytes) -> None:
    with pytest.raises(UnansweredError):
        asked(answering(answer))


def test_timeout_is_unanswered() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with pytest.raises(UnansweredError, match="TimeoutError"):
        asked(serve, within_seconds=0.1)


def test_refused_connection_is_unreachable() -> None:
    async def main() -> None:
        async with await asyncio.start_server(answering(WHOLE), "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
        await client.get("127.0.0.1", port, "/", within_seconds=5)

    with pytest.raises(UnreachableError, match="ConnectionRefusedError"):
        asyncio.run(main())
