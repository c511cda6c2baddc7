"""Probes an engine and its resource service, including the body of their responses."""

import asyncio
from dataclasses import dataclass
from typing import Final

ENGINE_PATH: Final = "/yawl/ib"
"""Returns 200 with `<response>` if the engine is healthy; after a failed write, 500 until a restart."""
RESOURCE_SERVICE_PATH: Final = "/resourceService/gateway?action=checkConnection"
"""Returns 200 while the resource service runs; its body reports that this request has no session."""
ANSWER_LIMIT: Final = 64 * 1024


@dataclass(frozen=True)
class Verdict:
    """The result of a probe; `reason` is empty if both applications are healthy, and names no address."""

    reason: str = ""
    answered: bool = False
    """Whether there was an HTTP response. Tomcat sends one only once all applications are deployed."""

    @property
    def good(self) -> bool:
        """Whether both applications are healthy."""
        return not self.reason


async def ask(address: str, port: int, *, timeout_seconds: float) -> Verdict:
    """Probe both applications at an address, within `timeout_seconds` in total."""
    try:
        async with asyncio.timeout(timeout_seconds):
            engine = _judge_engine(await _get(address, port, ENGINE_PATH))
            if not engine.good:
                return engine
            return _judge_resource_service(await _get(address, port, RESOURCE_SERVICE_PATH))
    except TimeoutError:
        return Verdict(f"the engine did not answer within {timeout_seconds:g} s")
    except ConnectionRefusedError:
        return Verdict("the engine accepts no connections")
    except (OSError, ValueError) as error:
        return Verdict(f"the engine cannot be asked: {type(error).__name__}")


async def _get(address: str, port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {address}\r\nUser-Agent: supervisor\r\n\r\n".encode())
        await writer.drain()
        answer = b""
        while len(answer) < ANSWER_LIMIT and (part := await reader.read(ANSWER_LIMIT)):
            answer += part
        return answer
    finally:
        writer.close()


def _judge_engine(answer: bytes) -> Verdict:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    if reason := _wrong_status(status, "the engine"):
        return reason
    types = [
        value.strip()
        for name, _, value in (header.partition(":") for header in headers)
        if name.lower() == "content-type"
    ]
    if not types or not types[0].lower().startswith("text/xml") or b"<response>" not in body:
        return Verdict("what answers is not YAWL", answered=True)
    return Verdict(answered=True)


def _judge_resource_service(answer: bytes) -> Verdict:
    return _wrong_status(answer.decode("latin-1").partition("\r\n")[0], "the resource service") or Verdict(
        answered=True
    )


def _wrong_status(line: str, who: str) -> Verdict | None:
    """Return what is wrong with a status line; None for 200."""
    parts = line.split(" ")
    if len(parts) < 2 or not parts[0].startswith("HTTP/"):
        return Verdict("what answers is not a web server", answered=bool(line))
    return None if parts[1] == "200" else Verdict(f"{who} answers {parts[1][:3]}", answered=True)
