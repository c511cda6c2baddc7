"""The emulator's process can connect only to this machine."""

import subprocess
import sys

import pytest

REFUSED = [
    "socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "socket.create_connection(('example.com', 443), timeout=1)",
    "socket.getaddrinfo('sts.amazonaws.com', 443)",
    "socket.gethostbyname('example.com')",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "urllib.request.urlopen('http://169.254.169.254/latest/meta-data/', timeout=1)",
]
ALLOWED = [
    "socket.create_connection(server.getsockname(), timeout=1)",
    "socket.create_connection(('localhost', server.getsockname()[1]), timeout=1)",
    "socket.getaddrinfo('127.0.0.1', 80)",
    "socket.getaddrinfo(None, 0)",
]


def attempt(statement: str) -> str:
    """Run a statement behind the guard and return the result."""
    script = (
        "import socket, urllib.request\n"
        "from rehearsal.emulator import loopback\n"
        "loopback.guard()\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        f"try:\n    {statement}\nexcept OSError as error:\n    print(error)\nelse:\n    print('done')\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("statement", REFUSED)
def test_other_machines_are_refused(statement: str) -> None:
    assert "is not on this machine" in attempt(statement)


@pytest.mark.parametrize("statement", ALLOWED)
def test_loopback_is_reached(statement: str) -> None:
    assert attempt(statement) == "done\n"
