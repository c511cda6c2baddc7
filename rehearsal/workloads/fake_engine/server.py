"""What a stand-in answers: the active one by itself, the others through it."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from typing_extensions import override

from rehearsal.workloads.fake_engine.engine_api import PATHS, EngineApi

VERSION = "stand-in"
FORWARD_SECONDS = 10.0
"""How long the active stand-in may take to answer for another."""
LONGEST_BODY = 4 * 1024 * 1024
NOT_HANDED_ON = ("connection", "transfer-encoding", "content-length", "date", "server", "x-yawl-task")
"""Headers that every answer gets from whoever gives it last."""


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Given:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def document(cls, status: HTTPStatus, document: Mapping[str, object], **headers: str) -> "Given":
        """Return an answer of JSON."""
        return cls(status, {"Content-Type": "application/json", **headers}, json.dumps(document).encode())


class Active:
    """The stand-in that has the engine."""

    def __init__(self, health_path: str, api: EngineApi) -> None:
        self._health_path = health_path
        self._api = api

    def answer(self, asked: Asked) -> Given:
        """Answer as the active task does."""
        path, _, query = asked.path.partition("?")
        if path == self._health_path:
            return Given.document(HTTPStatus.OK, health("active"), **{"Cache-Control": "no-store"})
        if path in PATHS:
            form = asked.body.decode(errors="replace") if asked.method == "POST" else query
            return Given(
                HTTPStatus.OK, {"Content-Type": "text/xml;charset=UTF-8"}, self._api.answer(path, form).encode()
            )
        return Given.document(HTTPStatus.OK, {"stand_in": "the rehearsal answers here instead of the engine"})


class Standby:
    """A stand-in that hands requests on to the active one."""

    def __init__(self, health_path: str, active_port: int) -> None:
        self._health_path = health_path
        self._port = active_port

    def answer(self, asked: Asked) -> Given:
        """Answer as a standby task does: well as long as the active one is."""
        try:
            given = self._hand_on(asked)
        except (OSError, http.client.HTTPException):
            reason = {"reason": "the active task cannot be reached"}
            return Given.document(HTTPStatus.SERVICE_UNAVAILABLE, {**health("standby", engine="unreachable"), **reason})
        if asked.path == self._health_path and given.status == HTTPStatus.OK:
            return Given.document(HTTPStatus.OK, health("standby"), **{"Cache-Control": "no-store"})
        return given

    def _hand_on(self, asked: Asked) -> Given:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=FORWARD_SECONDS)
        try:
            headers = {name: value for name, value in asked.headers.items() if name.lower() != "connection"}
            connection.request(asked.method, asked.path, asked.body, headers)
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in NOT_HANDED_ON}
            return Given(response.status, kept, response.read())
        finally:
            connection.close()


def health(role: str, *, engine: str = "running") -> dict[str, object]:
    """Return what the container's contract says of a task."""
    return {
        "status": "ok" if engine == "running" else "unavailable",
        "role": role,
        "engine": engine,
        "leader": {"age_seconds": 0, "epoch": 1},
        "version": VERSION,
    }


def handler_for(task: str, answer: Callable[[Asked], Given]) -> type[BaseHTTPRequestHandler]:
    """Return a handler that gives the answers of a task of this name."""

    class StandIn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LONGEST_BODY:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            # What is left unread would be taken for the connection's next request.
            given = answer(Asked(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            self.send_response(given.status)
            for name, value in {**given.headers, "X-Yawl-Task": task}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body)

        do_POST = do_GET  # noqa: N815 - the base class's names
        do_HEAD = do_GET  # noqa: N815

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: nobody reads a stand-in's access log."""

    return StandIn
