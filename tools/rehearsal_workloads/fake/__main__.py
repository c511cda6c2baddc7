"""`python -m tools.rehearsal_workloads.fake`: a service's fake tasks on free loopback ports, for `--workload`."""

import json
import sys
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from tools.rehearsal_workloads.fake.engine import Engine
from tools.rehearsal_workloads.fake.engine_api import EngineApi
from tools.rehearsal_workloads.fake.server import Active, Request, Response, Standby, handler_for


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    """Connections that may wait, as many as the load balancer opens."""


def main() -> None:
    """Serve until standard input closes."""
    service: dict[str, Any] = json.loads(sys.stdin.readline())
    variables, path = service["variables"], service["health_path"]
    version = variables.get("IMAGE_VERSION", "fake")
    engine = Engine(variables.get("YAWL_ADMIN_USER", ""), variables.get("YAWL_ADMIN_PASSWORD", ""))
    first, *others = service["tasks"] or ("fake",)
    active = _serve(first, Active(path, EngineApi(engine), version=version).answer)
    standby = Standby(path, active, version=version)
    ports = [active, *(_serve(name, standby.answer) for name in others)]
    print(json.dumps({"targets": [{"address": "127.0.0.1", "port": port} for port in ports]}), flush=True)
    while sys.stdin.readline():
        pass


def _serve(task: str, answer: Callable[[Request], Response]) -> int:
    """Serve one task's answers in a thread and return its port."""
    server = _Server(("127.0.0.1", 0), handler_for(task, answer))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


if __name__ == "__main__":
    main()
