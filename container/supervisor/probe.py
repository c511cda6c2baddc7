"""Asks an engine whether it is well, as no load balancer can: by what it says."""

import asyncio
from dataclasses import dataclass
from typing import Final

PATH: Final = "/yawl/ib"
"""Answers 200 with `<response>` while the engine is well; 500 for ever once it could not write."""
ANSWER_LIMIT: Final = 64 * 1024


@dataclass(frozen=True)
class Verdict:
    """What came of one question; `reason` is empty when the engine is well, and names no address."""

    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether the engine is well."""
        return not self.reason


async def ask(address: str, port: int, *, timeout_seconds: float) -> Verdict:
    """Return what the engine at that address and port answers, within `timeout_seconds` altogether."""
    try:
        async with asyncio.timeout(timeout_seconds):
            answer = await _get(address, port)
    except TimeoutError:
        return Verdict(f"the engine did not answer within {timeout_seconds:g} s")
    except ConnectionRefusedError:
        return Verdict("the engine accepts no connections")
    except (OSError, ValueError) as error:
        return Verdict(f"the engine cannot be asked: {type(error).__name__}")
    return _judge(answer)


async def _get(address: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {PATH} HTTP/1.0\r\nHost: {address}\r\nUser-Agent: supervisor\r\n\r\n".encode())
        await writer.drain()
        answer = b""
        while len(answer) < ANSWER_LIMIT and (part := await reader.read(ANSWER_LIMIT)):
            answer += part
        return answer
    finally:
        writer.close()


def _judge(answer: bytes) -> Verdict:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    parts = status.split(" ")
    if len(parts) < 2 or not parts[0].startswith("HTTP/"):
        return Verdict("what answers is not a web server")
    if parts[1] != "200":
        return Verdict(f"the engine answers {parts[1][:3]}")
    types = [
        value.strip()
        for name, _, value in (header.partition(":") for header in headers)
        if name.lower() == "content-type"
    ]
    if not types or not types[0].lower().startswith("text/xml") or b"<response>" not in body:
        return Verdict("what answers is not YAWL")
    return Verdict()
