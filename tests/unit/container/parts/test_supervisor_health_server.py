"""The health's server and the container's health check: each path, each method, and the age of what is answered."""

import json
import re
import socket
import sys
from collections.abc import Generator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from supervisor import health as module
from supervisor import healthcheck, timings
from supervisor.health import SOCKET_NAME, Health, HealthServer, HealthState

GOOD = Health(role="active", engine="running", reason="", leader_age=0.44, epoch=7)


class Clock:
    """A clock that only tests advance."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "now", made)
    return made


class TestState:
    def test_before_the_first_look(self, clock: Clock) -> None:
        status, body = HealthState(version="6.1.0").answer()
        assert clock() == 1000.0
        assert status == 503
        assert body == {
            "status": "unavailable",
            "role": "standby",
            "engine": "stopped",
            "leader": {"age_seconds": None, "epoch": None},
            "version": "6.1.0",
            "reason": "the task is starting",
        }

    @pytest.mark.parametrize(("age", "good"), [(0.0, True), (9.99, True), (10.0, False), (60.0, False)])
    def test_old_health_is_none(self, clock: Clock, age: float, good: bool) -> None:
        state = HealthState(version="6.1.0")
        clock.time += 100
        state.set(GOOD)
        clock.time += age
        status, body = state.answer()
        assert (status == HTTPStatus.OK, state.alive, "reason" not in body) == (good, good, good)

    def test_leaders_age_grows_with_the_healths(self, clock: Clock) -> None:
        state = HealthState(version="6.1.0")
        state.set(GOOD)
        clock.time += 2.0
        leader: Any = state.answer()[1]["leader"]
        assert leader == {"age_seconds": 2.4, "epoch": 7}

    def test_old_health_hides_the_earlier_reason(self, clock: Clock) -> None:
        state = HealthState(version="6.1.0")
        state.set(Health(role="standby", engine="failed", reason="no task leads", leader_age=None, epoch=None))
        assert state.answer()[1]["reason"] == "no task leads"
        clock.time += timings.HEALTH_AGE_LIMIT
        assert state.answer()[1]["reason"] == "the supervisor has not looked for too long"


@pytest.fixture
def state() -> HealthState:
    made = HealthState(version="6.1.0")
    made.set(GOOD)
    return made


@pytest.fixture
def path(state: HealthState, task_folder: Path) -> Generator[Path, None, None]:
    (task_folder / SOCKET_NAME).touch()
    server = HealthServer(state, socket=task_folder / SOCKET_NAME)
    yield task_folder / SOCKET_NAME
    server.stop()


def ask(path: Path, line: str) -> tuple[int, dict[str, str], bytes]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        connection.sendall(f"{line} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode().splitlines()
    return int(status.split()[1]), dict(header.split(": ", 1) for header in headers), body


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /resourceService/", 200),
        ("GET /resourceService/?probe=1", 200),
        ("HEAD /resourceService/", 200),
        ("GET /resourceService", 404),
        ("GET /resourceService/ib", 404),
        ("GET /alive", 200),
        ("GET /alive/", 404),
        ("GET /", 404),
        ("POST /resourceService/", 501),
    ],
)
def test_paths(path: Path, line: str, status: int) -> None:
    found, headers, body = ask(path, line)
    assert found == status
    if line.startswith("GET"):
        assert int(headers["Content-Length"]) == len(body)
        assert headers["Server"].strip() == "supervisor"
        assert headers["Cache-Control"] == "no-store"
    if line.startswith("HEAD"):
        assert (body, int(headers["Content-Length"]) > 0) == (b"", True)


def test_body_of_the_containers_check(path: Path, state: HealthState, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(ask(path, "GET /alive")[2]) == {"alive": True}
    monkeypatch.setattr(timings, "HEALTH_AGE_LIMIT", 0.0)
    assert ask(path, "GET /alive")[::2] == (503, b'{"alive": false}')
    assert not state.alive


class TestCheck:
    def check(self, monkeypatch: pytest.MonkeyPatch, folder: str) -> object:
        """Run the health check; return what it exits with, None for 0."""
        monkeypatch.setenv("WORK_FOLDER", folder)
        try:
            healthcheck.main()
        except SystemExit as end:
            return end.code
        return None

    def test_supervisor_that_runs(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.check(monkeypatch, str(path.parent)) is None

    def test_supervisor_whose_loop_hangs(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(timings, "HEALTH_AGE_LIMIT", 0.0)
        assert self.check(monkeypatch, str(path.parent)) == "the supervisor's loop hangs"

    def test_supervisor_that_has_ended(self, task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.check(monkeypatch, str(task_folder)) == "the supervisor does not answer: FileNotFoundError"

    @pytest.mark.parametrize(("answer", "error"), [(b"", "RemoteDisconnected"), (b"SSH-2.0\r\n", "BadStatusLine")])
    def test_something_else_answers(
        self, answer: bytes, error: str, task_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, theirs = socket.socketpair()
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        timeouts: list[float] = []

        class Socket:
            def __init__(self, family: int, kind: int) -> None:
                assert (family, kind) == (socket.AF_UNIX, socket.SOCK_STREAM)

            def __getattr__(self, name: str) -> Any:
                return getattr(ours, name)

            def settimeout(self, seconds: float) -> None:
                timeouts.append(seconds)

            def connect(self, address: str) -> None:
                assert address == str(task_folder / SOCKET_NAME)

        monkeypatch.setattr(healthcheck.socket, "socket", Socket)
        assert self.check(monkeypatch, str(task_folder)) == f"the supervisor does not answer: {error}"
        assert timeouts == [3.0]
        ours.close()
        theirs.close()

    def test_default_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[Path] = []

        def connection(path: Path) -> None:
            asked.append(path)
            sys.exit(9)

        monkeypatch.setattr(healthcheck, "_UnixConnection", connection)
        assert self.check(monkeypatch, "") == 9
        assert asked == [Path("/run/yawl/health.sock")]


def test_many_load_balancers_may_ask_at_once() -> None:
    assert module._Server.request_queue_size == 64
    assert module._Server.daemon_threads
    assert module._handler(HealthState(version="1")).timeout == 5
    assert re.fullmatch(r"/\w+", module.ALIVE_PATH)
