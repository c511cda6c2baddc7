"""Health responses are never 200 by default, and become 503 when the event loop hangs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from supervisor import timings
from supervisor.health import SOCKET_NAME, Health, HealthServer, HealthState
from tests.paths import ROOT

CONTAINER = ROOT / "container"
WELL = Health(role="active", engine="running", reason="", leader_age=0.4, epoch=7)


@pytest.fixture
def health() -> HealthState:
    return HealthState(version="6.1.0")


@pytest.fixture
def server(health: HealthState, task_folder: Path) -> Generator[Path, None, None]:
    path = task_folder / SOCKET_NAME
    running = HealthServer(health, socket=path)
    yield path
    running.stop()


def ask(path: Path, target: str, method: str = "GET") -> tuple[int, str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(f"{method} {target} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), json.loads(body) if body else None


def test_task_is_unhealthy_before_its_first_check(server: Path) -> None:
    status, _, body = ask(server, "/resourceService/")
    assert (status, body["reason"]) == (503, "the task is starting")


def test_healthy_task(health: HealthState, server: Path) -> None:
    health.set(WELL)
    status, head, body = ask(server, "/resourceService/")
    assert status == 200
    assert body == {
        "status": "ok",
        "role": "active",
        "engine": "running",
        "leader": {"age_seconds": pytest.approx(0.4, abs=0.3), "epoch": 7},
        "version": "6.1.0",
    }
    assert "Cache-Control: no-store" in head
    assert "Content-Type: application/json" in head


def test_unhealthy_response_is_503_with_a_reason(health: HealthState, server: Path) -> None:
    health.set(Health(role="standby", engine="unreachable", reason="no task leads", leader_age=None, epoch=None))
    status, _, body = ask(server, "/resourceService/")
    assert (status, body["status"], body["reason"]) == (503, "unavailable", "no task leads")
    assert body["leader"] == {"age_seconds": None, "epoch": None}


def test_head_has_no_body(health: HealthState, server: Path) -> None:
    health.set(WELL)
    assert ask(server, "/resourceService/", "HEAD")[::2] == (200, None)


def test_stale_health_is_unhealthy(
    health: HealthState, server: Path, monkeypatch: pytest.MonkeyPatch, task_folder: Path
) -> None:
    health.set(WELL)
    assert alive(task_folder) == 0
    monkeypatch.setattr(timings, "HEALTH_AGE_LIMIT", 0.0)
    status, _, body = ask(server, "/resourceService/")
    assert (status, body["reason"]) == (503, "the supervisor has not looked for too long")
    assert alive(task_folder) == 1


def test_unhealthy_task_is_alive(server: Path, task_folder: Path) -> None:
    assert server.is_socket()
    assert alive(task_folder) == 0


def test_ended_task_is_not_alive(task_folder: Path) -> None:
    assert alive(task_folder) == 1


def test_socket_is_private(server: Path) -> None:
    assert server.stat().st_mode & 0o077 == 0


def alive(folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "supervisor.healthcheck"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CONTAINER), "WORK_FOLDER": str(folder)},
        capture_output=True,
        check=False,
    ).returncode
