"""What a fake task answers: the active one by itself, standbys through it."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from typing_extensions import override

from tools.rehearsal_workloads.fake.engine_api import PATHS, EngineApi

FORWARD_SECONDS = 10.0
"""How long the active task may take to answer a standby."""
LONGEST_BODY = 4 * 1024 * 1024
NOT_FORWARDED = ("connection", "transfer-encoding", "content-length", "date", "server", "x-yawl-task")
"""Headers that each hop sets itself."""


@dataclass(frozen=True)
class Request:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def document(cls, status: HTTPStatus, document: Mapping[str, object], **headers: str) -> "Response":
        """Return an answer of JSON."""
        return cls(status, {"Content-Type": "application/json", **headers}, json.dumps(document).encode())


class Active:
    """The fake task that has the engine."""

    def __init__(self, health_path: str, api: EngineApi, *, version: str) -> None:
        self._health_path = health_path
        self._api = api
        self._version = version

    def answer(self, request: Request) -> Response:
        """Answer as the active task does."""
        path, _, query = request.path.partition("?")
        if path == self._health_path:
            return Response.document(
                HTTPStatus.OK, health("active", version=self._version), **{"Cache-Control": "no-store"}
            )
        if path in PATHS:
            form = request.body.decode(errors="replace") if request.method == "POST" else query
            return Response(
                HTTPStatus.OK, {"Content-Type": "text/xml;charset=UTF-8"}, self._api.answer(path, form).encode()
            )
        return Response.document(HTTPStatus.OK, {"fake": "this is the rehearsal's fake of a task, not the engine"})


class Standby:
    """A fake task that proxies requests to the active one."""

    def __init__(self, health_path: str, active_port: int, *, version: str) -> None:
        self._health_path = health_path
        self._port = active_port
        self._version = version

    def answer(self, request: Request) -> Response:
        """Answer as a standby task does: well as long as the active one is."""
        try:
            response = self._proxy(request)
        except (OSError, http.client.HTTPException):
            reason = {"reason": "the active task cannot be reached"}
            return Response.document(
                HTTPStatus.SERVICE_UNAVAILABLE,
                {**health("standby", version=self._version, engine="unreachable"), **reason},
            )
        if request.path == self._health_path and response.status == HTTPStatus.OK:
            return Response.document(
                HTTPStatus.OK, health("standby", version=self._version), **{"Cache-Control": "no-store"}
            )
        return response

    def _proxy(self, request: Request) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=FORWARD_SECONDS)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in NOT_FORWARDED}
            return Response(answer.status, kept, answer.read())
        finally:
            connection.close()


def health(role: str, *, version: str, engine: str = "running") -> dict[str, object]:
    """Return what the container's contract says of a task."""
    return {
        "status": "ok" if engine == "running" else "unavailable",
        "role": role,
        "engine": engine,
        "leader": {"age_seconds": 0, "epoch": 1},
        "version": version,
    }


def handler_for(task: str, answer: Callable[[Request], Response]) -> type[BaseHTTPRequestHandler]:
    """Return a handler that gives the answers of a task of this name."""

    class FakeTask(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LONGEST_BODY:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            # What is left unread would be taken for the connection's next request.
            response = answer(Request(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            self.send_response(response.status)
            for name, value in {**response.headers, "X-Yawl-Task": task}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        do_POST = do_GET  # noqa: N815 - the base class's names
        do_HEAD = do_GET  # noqa: N815

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: nobody reads a fake task's access log."""

    return FakeTask
