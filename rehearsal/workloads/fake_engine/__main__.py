"""`python -m rehearsal.workloads.fake_engine`: one task, on a free loopback port, until its standard input closes.

The first line of standard input is what ECS would give the container: its variables, secrets included, as a JSON
object. Prints `{"port": N}` once it listens.
"""

import argparse
import json
import sys
import threading
from http.server import ThreadingHTTPServer

from rehearsal.workloads.fake_engine.engine import Engine
from rehearsal.workloads.fake_engine.engine_api import EngineApi
from rehearsal.workloads.fake_engine.server import Active, Standby, handler_for


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    """Connections that may wait, as many as the load balancer opens."""


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(prog="rehearsal.workloads.fake_engine", description=__doc__)
    parser.add_argument("--health-path", required=True)
    parser.add_argument("--task", required=True, help="the task's name")
    parser.add_argument("--active-port", type=int, help="the active task's port; without it, this task is active")
    arguments = parser.parse_args()
    variables: dict[str, str] = json.loads(sys.stdin.readline() or "{}")
    version = variables.get("IMAGE_VERSION", "fake")
    if arguments.active_port:
        task = Standby(arguments.health_path, arguments.active_port, version=version)
    else:
        engine = Engine(variables.get("YAWL_ADMIN_USER", ""), variables.get("YAWL_ADMIN_PASSWORD", ""))
        task = Active(arguments.health_path, EngineApi(engine), version=version)
    server = _Server(("127.0.0.1", 0), handler_for(arguments.task, task.answer))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    while sys.stdin.readline():
        pass


if __name__ == "__main__":
    main()
