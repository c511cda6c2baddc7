"""HAProxy receives all requests of a task and forwards them to the engine, whose address changes at run time.

    port 8080   from the load balancer: health to the supervisor, all else to the active engine, wherever it runs
    port 8081   from the other tasks: to this task's own engine and nothing else, so that no request goes in circles

Its configuration is written once; where the engine is, is said through its runtime API, without a reload.
"""

import asyncio
import contextlib
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.log import Journal
from supervisor.processes import Program, as_documents

PUBLIC_PORT: Final = 8080
TASKS_PORT: Final = 8081
ENGINE_PORT: Final = 8082
"""Tomcat's port on the loopback interface, reached only by its own task's HAProxy and supervisor."""
REQUESTS_AT_ONCE: Final = 200
"""Concurrent requests of an engine, equal to Tomcat's threads; HAProxy queues and counts the rest."""
API_TIMEOUT: Final = 2.0
API_ATTEMPTS: Final = 3
START_LIMIT: Final = 10.0
POLL_INTERVAL: Final = 0.05

ERRORS: Final = {
    502: "the engine closed the connection",
    503: "no engine is active",
    504: "the engine has not answered in time",
}
"""The error texts of HAProxy's own responses."""
LOG_FORMAT: Final = (
    r"{\"event\":\"request\",\"method\":\"%[var(txn.method),json(utf8s)]\",\"path\":\"%[var(txn.path),json(utf8s)]\","
    r"\"status\":%ST,\"bytes\":%B,\"milliseconds\":%Ta,\"client\":\"%ci\",\"frontend\":\"%ft\",\"server\":\"%s\","
    r"\"termination\":\"%ts\"}"
)
"""One line per request, without the query, in which YAWL's clients may send passwords and session handles."""


_SERVER_STATE = re.compile(r"(\[\w+\]\s+\(\d+\) : )?(Server|backend) ")


class HaproxyError(Exception):
    """HAProxy does not start, or its runtime API does not answer."""


@dataclass(frozen=True)
class Upstream:
    """An address that requests are forwarded to."""

    address: str
    port: int


class Haproxy:
    """The HAProxy of a task."""

    def __init__(self, *, program: Path, folder: Path, bind_address: str, task: str, engine: Upstream) -> None:
        self._program_path = program
        self._folder = folder
        self._socket = folder / "haproxy.sock"
        self._bind_address = bind_address
        self._task = task
        self._engine = engine
        self._journal = Journal("haproxy")
        self._program: Program | None = None
        self._lock = asyncio.Lock()
        self._target: Upstream | None = None

    @property
    def target(self) -> Upstream | None:
        """Where the load balancer's requests go; None if they are answered with 503."""
        return self._target

    async def start(self, *, health_socket: Path) -> None:
        """Start it without an engine. Raises HaproxyError if it does not answer in time."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        configuration = self._folder / "haproxy.cfg"
        configuration.write_text(self._configuration(health_socket), encoding="utf-8")
        self._program = await Program.start(
            [str(self._program_path), "-db", "-f", str(configuration)],
            environment={},
            folder=self._folder,
            on_event=as_documents(self._journal, other=self._tell),
        )
        failure = "TimeoutError"
        try:
            async with asyncio.timeout(START_LIMIT):
                while self._program.running:
                    try:
                        await self._ask("show info")
                    except OSError as error:
                        # The socket exists before HAProxy listens on it.
                        failure = type(error).__name__
                        await asyncio.sleep(0.02)
                    else:
                        return
        except TimeoutError:
            raise HaproxyError(f"HAProxy does not answer within {START_LIMIT:g} s: {failure}") from None
        raise HaproxyError("HAProxy exited at start; see its message above")

    async def ended(self) -> int:
        """Wait until it exits; return the exit code."""
        return await self._running().ended()

    async def stop(self) -> None:
        """Stop it."""
        if self._program is not None and self._program.running:
            await self._program.stop(within_seconds=2.0)

    async def send_to_own_engine(self) -> None:
        """Forward requests of the load balancer and of other tasks to this task's engine."""
        await self._point(self._engine)
        await self._command("set server own/tomcat state ready")

    async def send_to(self, upstream: Upstream | None) -> None:
        """Forward the load balancer's requests to another task, or answer 503 if it is None."""
        await self._point(upstream)

    async def _drain(self) -> None:
        await self._commands(["set server engine/active state drain", "set server own/tomcat state drain"])
        self._target = None

    async def finish_requests(self, *, within_seconds: float) -> None:
        """Answer new requests with 503, and wait up to `within_seconds` for the running ones."""
        await self._drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while (await self.requests())[0]:  # noqa: ASYNC110 - HAProxy has no event to wait for
                    await asyncio.sleep(POLL_INTERVAL)

    async def cut_off(self) -> None:
        """Answer all requests with 503, and abort the running ones."""
        await self._commands(
            [
                "set server engine/active state maint",
                "set server own/tomcat state maint",
                "shutdown sessions server engine/active",
                "shutdown sessions server own/tomcat",
            ]
        )
        self._target = None

    async def requests(self) -> tuple[int, int]:
        """Return the numbers of running and of queued requests."""
        answer = await self._command("show stat -1 4 -1")
        rows = csv.DictReader(answer.lstrip("# ").splitlines())
        mine = [row for row in rows if (row["pxname"], row["svname"]) in {("engine", "active"), ("own", "tomcat")}]
        waiting = sum(int(row["qcur"] or 0) for row in mine)
        return sum(int(row["scur"] or 0) for row in mine), waiting

    def _tell(self, text: str) -> None:
        """Log HAProxy's own messages, except for changes of servers, which the supervisor makes."""
        write = self._journal.debug if _SERVER_STATE.match(text) else self._journal.warning
        write(text)

    async def _point(self, upstream: Upstream | None) -> None:
        if upstream == self._target:
            return
        if upstream is None:
            await self._command("set server engine/active state maint")
        else:
            await self._commands(
                [
                    f"set server engine/active addr {upstream.address} port {upstream.port}",
                    "set server engine/active state ready",
                ]
            )
        self._target = upstream

    async def _commands(self, commands: Sequence[str]) -> None:
        for command in commands:
            await self._command(command)

    async def _command(self, command: str) -> str:
        """Return what the runtime API answers; raises HaproxyError."""
        failure = ""
        for _ in range(API_ATTEMPTS):
            try:
                async with self._lock, asyncio.timeout(API_TIMEOUT):
                    return await self._ask(command)
            except OSError as error:
                failure = type(error).__name__
        raise HaproxyError(f"its runtime API does not answer: {failure}")

    async def _ask(self, command: str) -> str:
        reader, writer = await asyncio.open_unix_connection(str(self._socket))
        try:
            writer.write(f"{command}\n".encode())
            await writer.drain()
            return (await reader.read()).decode()
        finally:
            writer.close()

    def _running(self) -> Program:
        if self._program is None:
            raise HaproxyError("HAProxy has not been started")
        return self._program

    def _configuration(self, health_socket: Path) -> str:
        answer = 'content-type application/json string "{{\\"error\\":\\"{text}\\"}}" hdr Retry-After 5'
        errors = "\n".join(
            f"    http-error status {status} {answer.format(text=text)}" for status, text in ERRORS.items()
        )
        return f"""global
    stats socket {self._socket} mode 600 level admin
    log stdout format raw daemon
    maxconn 2000
    hard-stop-after 30s

defaults
    mode http
    log global
    option dontlognull
    timeout connect 2s
    timeout client 75s
    timeout http-request 30s
    timeout http-keep-alive 75s
    timeout queue 30s
    timeout server 300s
    retries 2
    log-format "{LOG_FORMAT}"
{errors}

frontend load-balancer
    bind {self._bind_address}:{PUBLIC_PORT}
    http-request set-var(txn.method) method
    http-request set-var(txn.path) path
    http-after-response set-header X-Yawl-Task {self._task}
    acl health path /resourceService/
    acl reads method GET HEAD
    http-request set-log-level silent if health reads
    use_backend supervisor if health reads
    default_backend engine

frontend other-tasks
    bind {self._bind_address}:{TASKS_PORT}
    http-request set-var(txn.method) method
    http-request set-var(txn.path) path
    http-after-response set-header X-Yawl-Task {self._task}
    http-request set-log-level silent
    default_backend own

backend supervisor
    timeout server 5s
    http-reuse never
    server supervisor unix@{health_socket}

backend engine
    server active 127.0.0.1:1 maxconn {REQUESTS_AT_ONCE} disabled

backend own
    server tomcat {self._engine.address}:{self._engine.port} maxconn {REQUESTS_AT_ONCE} disabled
"""
