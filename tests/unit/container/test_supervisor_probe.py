"""Health of an engine and its resource service: from the status, for the engine also from the response's text."""

import asyncio

import pytest

from supervisor import probe

WELL = b"HTTP/1.1 200 \r\nContent-Type: text/xml;charset=UTF-8\r\n\r\n<response><failure>Invalid</failure></response>"


ALIVE = b"HTTP/1.1 200 \r\nContent-Type: text/xml\r\n\r\n<response><failure>Invalid session</failure></response>"


def ask(answer: bytes | None, *, gateway: bytes | None = ALIVE, timeout_seconds: float = 2.0) -> probe.Verdict:
    """Probe applications that send these responses; None never responds."""
    answers = {"/yawl/ib": answer, "/resourceService/gateway?action=checkConnection": gateway}

    async def main() -> probe.Verdict:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, protocol = head.decode().splitlines()[0].split()
            assert (method, protocol[:7]) == ("GET", "HTTP/1.")
            output = answers[path]
            if output is not None:
                writer.write(output)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await probe.ask("127.0.0.1", port, timeout_seconds=timeout_seconds)

    return asyncio.run(main())


def test_healthy_engine() -> None:
    assert ask(WELL).good


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (WELL.replace(b"200 ", b"500 "), "the engine answers 500"),
        (WELL.replace(b"200 ", b"404 "), "the engine answers 404"),
        (WELL.replace(b"text/xml", b"text/html"), "what answers is not YAWL"),
        (WELL.replace(b"<response>", b"<html>"), "what answers is not YAWL"),
        (b"", "what answers is not a web server"),
        (b"SSH-2.0-x\r\n", "what answers is not a web server"),
        (None, "the engine did not answer within 0.2 s"),
    ],
)
def test_unhealthy_engine(answer: bytes | None, reason: str) -> None:
    assert ask(answer, timeout_seconds=0.2).reason == reason


@pytest.mark.parametrize(
    ("gateway", "reason"),
    [
        (ALIVE.replace(b"200 ", b"500 "), "the resource service answers 500"),
        (ALIVE.replace(b"200 ", b"404 "), "the resource service answers 404"),
        (b"", "what answers is not a web server"),
        (None, "the engine did not answer within 0.2 s"),
    ],
)
def test_failed_resource_service(gateway: bytes | None, reason: str) -> None:
    assert ask(WELL, gateway=gateway, timeout_seconds=0.2).reason == reason


@pytest.mark.parametrize("body", [b"", b"<html>anything</html>"])
def test_resource_service_is_judged_by_its_status_alone(body: bytes) -> None:
    assert ask(WELL, gateway=b"HTTP/1.1 200 \r\n\r\n" + body).good


@pytest.mark.parametrize(
    ("answer", "answered"), [(WELL, True), (WELL.replace(b"200 ", b"500 "), True), (b"", False), (None, False)]
)
def test_only_http_counts_as_a_response(answer: bytes | None, answered: bool) -> None:
    assert ask(answer, timeout_seconds=0.2).answered is answered


def test_slow_response_times_out() -> None:
    async def main() -> probe.Verdict:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            for byte in WELL:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await probe.ask("127.0.0.1", port, timeout_seconds=0.3)

    assert asyncio.run(main()).reason == "the engine did not answer within 0.3 s"


def test_engine_that_does_not_listen() -> None:
    assert asyncio.run(probe.ask("127.0.0.1", 1, timeout_seconds=1)).reason == "the engine accepts no connections"
