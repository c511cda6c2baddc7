"""The stand-in for a task: healthy on its health path, and never to be taken for the engine."""

import http.client
import json
import threading
from collections.abc import Generator
from http.server import ThreadingHTTPServer

import pytest

from rehearsal.stand_in import handler_for

HEALTH = "/resourceService/"


@pytest.fixture
def connection() -> Generator[http.client.HTTPConnection, None, None]:
    """A connection that is kept, as a load balancer keeps its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(HEALTH))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    yield found
    found.close()
    server.shutdown()
    thread.join()
    server.server_close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection.request(method, path, body=body)
    response = connection.getresponse()
    return response.status, response.read()


def test_it_is_healthy_active_and_says_what_it_is(connection: http.client.HTTPConnection) -> None:
    status, body = ask(connection, "GET", HEALTH)
    found = json.loads(body)
    assert (status, found["role"], found["engine"], found["version"]) == (200, "active", "stand-in", "stand-in")


def test_elsewhere_it_says_that_it_stands_in(connection: http.client.HTTPConnection) -> None:
    status, body = ask(connection, "GET", "/yawl/ib")
    assert status == 200
    assert "instead of the engine" in json.loads(body)["stand_in"]


def test_a_connection_survives_posts_and_heads(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "POST", "/yawl/ia", b"action=connect" * 1000)[0] == 200
    assert ask(connection, "HEAD", HEALTH) == (200, b"")
    assert ask(connection, "GET", HEALTH)[0] == 200
