"""The supervisor's figures, as somebody decided on them: limits, times and ports.

A changed figure is changed here too, on purpose.
"""

import inspect
import re

import pytest

import supervisor
from supervisor import timings
from tests.unit.figures import figures

FIGURES = {
    "console.VALID_SECONDS": 900,
    "database.CONNECT_TIMEOUT": 3,
    "die_with_parent.PR_SET_PDEATHSIG": 1,
    "discovery.CALL_TIMEOUT": 1.0,
    "discovery.RECONNECT_PAUSE": 1.0,
    "ecs_metadata.NAME_LENGTH": 8,
    "engine.START_PROBE_INTERVAL": 0.1,
    "engine.RESTART_STOP_LIMIT": 3.0,
    "haproxy.PUBLIC_PORT": 8080,
    "haproxy.TASKS_PORT": 8081,
    "haproxy.ENGINE_PORT": 8082,
    "haproxy.REQUESTS_AT_ONCE": 200,
    "haproxy.API_TIMEOUT": 2.0,
    "haproxy.API_ATTEMPTS": 3,
    "haproxy.START_LIMIT": 10.0,
    "haproxy.POLL_INTERVAL": 0.05,
    "healthcheck.TIMEOUT_SECONDS": 3.0,
    "leader_table.LOCK": (1_497_454_412, 1),
    "leader_table.SET_UP_LOCK": (1_497_454_412, 2),
    "leadership.RELEASE_LIMIT": 3.0,
    "log.TEXT_LIMIT": 8000,
    "log.QUEUE_LIMIT": 10_000,
    "masking.SHORTEST": 4,
    "probe.ANSWER_LIMIT": 65_536,
    "processes.LINE_LIMIT": 262_144,
    "processes.EVENT_LINES": 200,
    "processes.EVENT_PAUSE": 0.2,
    "task.ROUND_LIMIT": 3.0,
    "task.RECONNECT_PAUSE": 0.5,
    "timings.HEARTBEAT": 0.5,
    "timings.LEASE": 2.5,
    "timings.KILL_GRACE": 0.5,
    "timings.KILL_MARGIN": 0.25,
    "timings.FENCING_DELAY": 3.5,
    "timings.SERVER_IDLE_LIMIT": 5.0,
    "timings.CONTEST_INTERVAL": 0.25,
    "timings.LOGIN_INTERVAL": (60.0, 120.0),
    "timings.LEADER_KEY_LIFE": 5.0,
    "timings.ANNOUNCE_INTERVAL": 1.0,
    "timings.ROW_INTERVAL": 1.0,
    "timings.ROW_INTERVAL_WITH_REDIS": 5.0,
    "timings.PROBE_INTERVAL": 1.0,
    "timings.PROBE_TIMEOUT": 5.0,
    "timings.STANDBY_PROBE_TIMEOUT": 3.0,
    "timings.PROBE_FAILURES": 3,
    "timings.SESSION_INTERVAL": 1.0,
    "timings.SESSION_LOSS_WINDOW": 2.0,
    "timings.ENGINE_START_LIMIT": 240.0,
    "timings.ENGINE_STARTS": 3,
    "timings.ENGINE_STABLE": 300.0,
    "timings.RESTART_PAUSE": 1.0,
    "timings.GIVE_UP_PAUSE": 30.0,
    "timings.DRAIN_LIMIT": 20.0,
    "timings.STOP_LIMIT": 20.0,
    "timings.STOP_TIMEOUT": 60.0,
    "timings.HEALTH_INTERVAL": 1.0,
    "timings.HEALTH_AGE_LIMIT": 10.0,
    "timings.METRICS_INTERVAL": 60.0,
    "tomcat.START_THREADS": 2,
    "variables.FOLDER_LENGTH_LIMIT": 80,
    "variables.DATABASE_NAME_LENGTH_LIMIT": 40,
}


ORDER = [
    ("FENCING_DELAY", 3.25, 3.26),
    ("SERVER_IDLE_LIMIT", 3.25, 3.26),
    ("LEASE", 2.75, 2.74),
    ("KILL_GRACE", 0.75, 0.74),
    ("KILL_MARGIN", 0.5, 0.49),
    ("HEARTBEAT", 1.25, 1.24),
    ("ANNOUNCE_INTERVAL", 2.5, 2.49),
    ("LEADER_KEY_LIFE", 2.0, 2.01),
    ("DRAIN_LIMIT", 30.0, 29.9),
    ("STOP_LIMIT", 30.0, 29.9),
    ("STOP_TIMEOUT", 50.0, 50.1),
]
"""For each time, a value with which an engine could outlive its leadership, and the nearest one that is safe."""


@pytest.mark.parametrize(("name", "unsafe", "safe"), ORDER)
def test_supervisor_does_not_start_with_unsafe_times(name: str, unsafe: float, safe: float) -> None:
    source = inspect.getsource(timings)

    def start(seconds: float) -> None:
        changed, number = re.subn(rf"^{name}: Final = .*$", f"{name} = {seconds}", source, flags=re.MULTILINE)
        assert number == 1
        exec(compile(changed, "timings", "exec"), {"__name__": "timings"})  # noqa: S102 - our own

    start(safe)
    with pytest.raises(AssertionError):
        start(unsafe)


def test_figures() -> None:
    assert figures(supervisor) == FIGURES
