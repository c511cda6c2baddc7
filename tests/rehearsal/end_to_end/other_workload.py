"""A workload that passes every health check and is not the engine: it answers `{}` to each request."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override


class Handler(BaseHTTPRequestHandler):
    """Answers every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep the output for the targets."""


def main() -> None:
    sys.stdin.readline()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"targets": [{"address": "127.0.0.1", "port": server.server_address[1]}]}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
