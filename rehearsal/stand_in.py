"""A stand-in for a task of the application: keeps the container's HTTP contract on a free loopback port.

It is started by the rehearsal, prints `{"port": N}` once it listens, and ends when its standard input closes. What it
answers names it as a stand-in, so that nobody takes it for the engine.
"""

import argparse
import json
import os
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


def handler_for(health_path: str) -> type[BaseHTTPRequestHandler]:
    """Return a handler that answers `health_path` as a healthy, active task does."""

    class StandIn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            # What is left unread would be taken for the connection's next request.
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == health_path:
                self._answer(
                    HTTPStatus.OK,
                    {
                        "status": "ok",
                        "role": "active",
                        "engine": "stand-in",
                        "leader": {"age_seconds": 0},
                        "version": "stand-in",
                    },
                )
            else:
                self._answer(HTTPStatus.OK, {"stand_in": "the rehearsal answers here instead of the engine"})

        do_POST = do_GET  # noqa: N815 - the base class's names
        do_HEAD = do_GET  # noqa: N815

        def _answer(self, status: HTTPStatus, body: dict[str, object]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: nobody reads a stand-in's access log."""

    return StandIn


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(prog="rehearsal.stand_in", description=__doc__)
    parser.add_argument("--health-path", required=True)
    arguments = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(arguments.health_path))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    while os.read(sys.stdin.fileno(), 4096):
        pass


if __name__ == "__main__":
    main()
