"""The health check of the container, `python -m supervisor.healthcheck`: exits with 0 while the supervisor runs.

It ignores the engine and the database: replacing a task that waits for one of them would not help.
"""

import os
import socket
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from supervisor.health import ALIVE_PATH, SOCKET_NAME

TIMEOUT_SECONDS = 3.0


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def main() -> None:
    """Ask, and exit with 0 or 1."""
    connection = _UnixConnection(Path(os.environ.get("WORK_FOLDER") or "/run/yawl") / SOCKET_NAME)
    try:
        connection.request("GET", ALIVE_PATH)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        sys.exit(f"the supervisor does not answer: {type(error).__name__}")
    if status != 200:
        sys.exit("the supervisor's loop hangs")


if __name__ == "__main__":
    main()
