"""Serves each task of the service until standard input closes."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

service = json.loads(sys.stdin.readline())


class Task(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(service["variables"]["GREETING"].encode())


servers = [ThreadingHTTPServer(("127.0.0.1", 0), Task) for _ in service["tasks"]]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
targets = [{"address": "127.0.0.1", "port": server.server_address[1]} for server in servers]
print(json.dumps({"targets": targets}), flush=True)
sys.stdin.read()
