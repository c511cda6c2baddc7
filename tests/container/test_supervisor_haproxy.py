"""Routing by a real HAProxy, and its response when no engine is active.

Needs HAProxy (Debian's package `haproxy`); without it these tests are skipped.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from supervisor.haproxy import ENGINE_PORT, PUBLIC_PORT, TASKS_PORT, Haproxy, Upstream
from supervisor.health import Health, HealthServer, HealthState
from supervisor.log import start_log
from supervisor.masking import Secrets
from testbed.addresses import AddressBlock

PROGRAM = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
HEALTH = "/resourceService/"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="HAProxy is not installed")


class Place:
    """A loopback address for a task, and one for another task's engine; both respond with their name."""

    def __init__(self, *, own: str, other: str) -> None:
        self.own = own
        self.other = other
        self.release = threading.Event()
        self._servers: list[ThreadingHTTPServer] = []

    def serve(self, address: str, port: int, name: str) -> None:
        server = ThreadingHTTPServer((address, port), engine(name, self.release))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        self._servers.append(server)

    def end(self) -> None:
        self.release.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()


def engine(name: str, release: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Engine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/slow":
                release.wait(10)
            self.send_response(200)
            self.send_header("X-Yawl-Task", "forged")
            self.end_headers()
            self.wfile.write(name.encode())

        do_POST = do_GET  # noqa: N815

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    return Engine


@pytest.fixture
def place() -> Generator[Place, None, None]:
    with AddressBlock() as block:
        made = Place(own=block.next_address(), other=block.next_address())
        try:
            made.serve(made.own, ENGINE_PORT, "own")
            made.serve(made.other, TASKS_PORT, "other")
            yield made
        finally:
            made.end()


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    # Socket paths must be short.
    with tempfile.TemporaryDirectory(prefix="yawl") as made:
        yield Path(made)


def with_haproxy(place: Place, folder: Path, work: Callable[[Haproxy], Awaitable[None]]) -> None:
    async def main() -> None:
        board = HealthState(version="1")
        board.set(Health(role="active", engine="running", reason="", leader_age=0, epoch=1))
        health = HealthServer(board, socket=folder / "health.sock")
        haproxy = Haproxy(
            program=Path(PROGRAM or ""),
            folder=folder / "haproxy",
            bind_address=place.own,
            task="task1",
            engine=Upstream(place.own, ENGINE_PORT),
        )
        try:
            await haproxy.start(health_socket=folder / "health.sock")
            await work(haproxy)
        finally:
            await haproxy.stop()
            health.stop()

    asyncio.run(main())


def test_slow_start_is_awaited(folder: Path) -> None:
    """A bound socket that does not listen yet refuses connections."""
    slow = folder / "slow"
    slow.write_text(
        f"#!{sys.executable}\n"
        "import socket, sys, time\n"
        "line = next(line for line in open(sys.argv[-1]) if 'stats socket' in line)\n"
        "server = socket.socket(socket.AF_UNIX)\n"
        "server.bind(line.split()[2])\n"
        "time.sleep(0.5)\n"
        "server.listen()\n"
        "while True:\n"
        "    connection, _ = server.accept()\n"
        "    connection.recv(100)\n"
        "    connection.close()\n"
    )
    slow.chmod(0o755)

    async def main() -> None:
        haproxy = Haproxy(
            program=slow,
            folder=folder / "haproxy",
            bind_address="127.0.0.1",
            task="task1",
            engine=Upstream("127.0.0.1", ENGINE_PORT),
        )
        try:
            await haproxy.start(health_socket=folder / "health.sock")
        finally:
            await haproxy.stop()

    asyncio.run(main())


async def ask(address: str, port: int, path: str = "/yawl/ib", method: str = "GET") -> tuple[int, str]:
    """Return the status and the body; assert the header that every response has."""

    def fetch() -> tuple[int, str]:
        request = urllib.request.Request(f"http://{address}:{port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                status, headers, body = answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, headers, body = error.code, error.headers, error.read().decode()
        assert headers.get_all("X-Yawl-Task") == ["task1"]
        if status == 503:
            assert headers["Retry-After"] == "5"
            assert headers["Content-Type"] == "application/json"
        return status, body

    return await asyncio.to_thread(fetch)


async def until(haproxy: Haproxy, *, requests: int) -> None:
    """Wait until the engine has this many requests."""
    async with asyncio.timeout(300):
        while (await haproxy.requests())[0] < requests:  # noqa: ASYNC110 - HAProxy has no event to wait for
            await asyncio.sleep(0.01)


def test_requests_reach_the_active_engine(place: Place, folder: Path) -> None:
    async def work(haproxy: Haproxy) -> None:
        nobody = (503, '{"error":"no engine is active"}')
        assert await ask(place.own, PUBLIC_PORT) == nobody
        assert await ask(place.own, TASKS_PORT) == nobody

        await haproxy.send_to(Upstream(place.other, TASKS_PORT))
        assert await ask(place.own, PUBLIC_PORT, method="POST") == (200, "other")
        assert await ask(place.own, TASKS_PORT) == nobody, "what another task passes on must not go in circles"

        await haproxy.send_to_own_engine()
        assert await ask(place.own, PUBLIC_PORT) == (200, "own")
        assert await ask(place.own, TASKS_PORT) == (200, "own")

        await haproxy.cut_off()
        assert await ask(place.own, PUBLIC_PORT) == nobody
        assert await ask(place.own, TASKS_PORT) == nobody

    with_haproxy(place, folder, work)


@pytest.mark.parametrize(
    ("method", "path", "answered"),
    [
        ("GET", HEALTH, "ok"),
        ("GET", HEALTH + "?x=1", "ok"),
        ("POST", HEALTH, "own"),
        ("GET", HEALTH + "ib", "own"),
        ("GET", "/resourceService", "own"),
    ],
)
def test_supervisor_serves_only_the_health_path(
    place: Place, folder: Path, method: str, path: str, answered: str
) -> None:
    async def work(haproxy: Haproxy) -> None:
        await haproxy.send_to_own_engine()
        status, body = await ask(place.own, PUBLIC_PORT, path, method)
        assert status == 200
        assert (json.loads(body)["status"] if body.startswith("{") else body) == answered

    with_haproxy(place, folder, work)


def test_handover_drains_requests(place: Place, folder: Path) -> None:
    async def work(haproxy: Haproxy) -> None:
        await haproxy.send_to_own_engine()
        running = [asyncio.create_task(ask(place.own, port, "/slow", "POST")) for port in (PUBLIC_PORT, TASKS_PORT)]
        await until(haproxy, requests=2)
        ended = asyncio.create_task(haproxy.finish_requests(within_seconds=10))
        while (await ask(place.own, PUBLIC_PORT))[0] != 503:
            assert not ended.done()
        assert not ended.done()
        place.release.set()
        assert [await request for request in running] == [(200, "own"), (200, "own")]
        await asyncio.wait_for(ended, 5)

    with_haproxy(place, folder, work)


def test_endless_request_does_not_block_a_handover(place: Place, folder: Path) -> None:
    async def work(haproxy: Haproxy) -> None:
        await haproxy.send_to_own_engine()
        running = asyncio.create_task(ask(place.own, PUBLIC_PORT, "/slow"))
        await until(haproxy, requests=1)
        await asyncio.wait_for(haproxy.finish_requests(within_seconds=0.2), 5)
        assert not running.done()
        await haproxy.cut_off()
        assert (await running)[0] in {502, 503}

    with_haproxy(place, folder, work)


def test_access_lines_are_events_without_the_query(
    place: Place, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(haproxy: Haproxy) -> None:
        await haproxy.send_to_own_engine()
        await ask(place.own, PUBLIC_PORT, '/yawl/ib"x?sessionHandle=secret')
        await ask(place.own, PUBLIC_PORT, HEALTH)

    log = start_log(level="INFO", task="task1", secrets=Secrets())
    with_haproxy(place, folder, work)
    log.stop()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["path"], line["status"], line["method"]) for line in requests] == [('/yawl/ib"x', 200, "GET")]
    assert "secret" not in json.dumps(lines)
    assert not [line for line in lines if line["level"] != "INFO"], "where the engine is, is no warning"
