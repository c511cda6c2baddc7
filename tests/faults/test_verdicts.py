"""How long the whole run takes to its verdict: on a healthy environment, and on dead ones."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fault_server import answer, hang, healthy, serve, unused_port

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 2.0
HEALTHY_SECONDS = 15.0
"""What a healthy environment may take."""
LATE_SECONDS = 5.0
"""How much later than the deadline the verdict on a dead environment may come, the start of Python included."""


def run(url: str) -> tuple[int, str, float]:
    start = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "integration_tests", "-m", "http", "-p", "no:xdist"],
        cwd=ROOT,
        env={
            "PATH": "",
            "ALB_URL": url,
            "HEALTH_PATH": "/resourceService/",
            "DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr, time.monotonic() - start


def test_a_healthy_environment_has_its_verdict_soon() -> None:
    with serve(healthy(), elsewhere=answer(403)) as server:
        code, said, seconds = run(server.url)
    assert code == pytest.ExitCode.OK, said
    assert seconds <= HEALTHY_SECONDS
    assert len(server.requests) >= 100, "the sample was asked"


@pytest.mark.parametrize("death", ["refuses", "hangs", "answers 503"])
def test_a_dead_environment_has_its_verdict_after_the_deadline_and_soon(death: str) -> None:
    behaviour = hang() if death == "hangs" else answer(503)
    with serve(behaviour, elsewhere=hang() if death == "hangs" else answer(403)) as server:
        code, said, seconds = run(f"http://127.0.0.1:{unused_port()}" if death == "refuses" else server.url)
    assert code == pytest.ExitCode.TESTS_FAILED, said
    assert "never answered well within the deadline of 2 s" in said
    assert DEADLINE_SECONDS <= seconds <= DEADLINE_SECONDS + LATE_SECONDS
