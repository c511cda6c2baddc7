"""The health of a task, and the server that reports it to the load balancer and the container's health check.

A loop works the verdict out; a thread answers from memory. A verdict that has grown old counts as none, so a loop that
hangs turns the answer by itself.
"""

import json
import socketserver
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final, Literal

from supervisor import timings
from supervisor.lease import now

PATH: Final = "/resourceService/"
"""The path of the load balancer's health check (reference, Application Layer)."""
ALIVE_PATH: Final = "/alive"
"""The path of the container's health check; unreachable from outside."""

SOCKET_NAME: Final = "health.sock"
"""The socket's name in the working folder."""

Role = Literal["active", "standby"]
EngineState = Literal["running", "starting", "stopping", "stopped", "failed", "unreachable"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """The state of a task; `reason` is empty if it can serve."""

    role: Role
    engine: EngineState
    reason: str
    leader_age: float | None
    epoch: int | None


class HealthState:
    """The current health; thread-safe."""

    def __init__(self, *, version: str) -> None:
        self._version = version
        self._lock = threading.Lock()
        self._health = Health(
            role="standby", engine="stopped", reason="the task is starting", leader_age=None, epoch=None
        )
        self._set_at = now()

    def set(self, health: Health) -> None:
        """Replace the current health."""
        with self._lock:
            self._health, self._set_at = health, now()

    @property
    def alive(self) -> bool:
        """Whether the loop that updates the health is running."""
        with self._lock:
            return now() - self._set_at < timings.HEALTH_AGE_LIMIT

    def answer(self) -> tuple[HTTPStatus, dict[str, object]]:
        """Return the response for the load balancer."""
        with self._lock:
            health, age = self._health, now() - self._set_at
        reason = health.reason
        if age >= timings.HEALTH_AGE_LIMIT:
            reason = "the supervisor has not looked for too long"
        leader_age = None if health.leader_age is None else round(health.leader_age + age, 1)
        body: dict[str, object] = {
            "status": "unavailable" if reason else "ok",
            "role": health.role,
            "engine": health.engine,
            "leader": {"age_seconds": leader_age, "epoch": health.epoch},
            "version": self._version,
        }
        if reason:
            body["reason"] = reason
        return HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK, body


class HealthServer:
    """Serves health on a Unix socket, to which HAProxy forwards requests."""

    def __init__(self, board: HealthState, *, socket: Path) -> None:
        socket.unlink(missing_ok=True)
        self._server = _Server(str(socket), _handler(board))
        socket.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="health", daemon=True).start()

    def stop(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(board: HealthState) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5
        server_version = "supervisor"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path.partition("?")[0] == PATH:
                self._answer(*board.answer())
            elif self.path == ALIVE_PATH:
                self._answer(HTTPStatus.OK if board.alive else HTTPStatus.SERVICE_UNAVAILABLE, {"alive": board.alive})
            else:
                self._answer(HTTPStatus.NOT_FOUND, {"reason": "nothing is here"})

        do_HEAD = do_GET  # noqa: N815 - the base class's names

        def _answer(self, status: HTTPStatus, body: dict[str, object]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log nothing: load balancers ask every few seconds."""

    return Handler
