"""When a leader's lease ends, its engine is killed, even if the rest of the supervisor hangs."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator

import pytest

from supervisor import timings
from supervisor.lease import Lease, now

LEASE = 0.3
GRACE = 0.2
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def test_engine_is_dead_before_the_next_one_starts() -> None:
    assert timings.LEASE + timings.KILL_GRACE + timings.KILL_MARGIN < timings.FENCING_DELAY
    assert timings.LEASE + timings.KILL_GRACE + timings.KILL_MARGIN < timings.SERVER_IDLE_LIMIT
    assert timings.CONTEST_INTERVAL + timings.FENCING_DELAY < 5, "the goal for a failover, less the engine's start"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timings, "LEASE", LEASE)
    monkeypatch.setattr(timings, "KILL_GRACE", GRACE)


def test_watch_does_not_keep_a_task_alive_that_has_ended() -> None:
    """A task that fails ends at once, and its engine with it."""
    lease = Lease(sent_at=now(), on_loss=lambda: None)
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "lease"] == [True]
    lease.end()


@pytest.fixture
def engine() -> Generator[subprocess.Popen[str], None, None]:
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


class Leases:
    """Starts leases and ends them after the test."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.lost = threading.Event()
        self._begun: list[Lease] = []

    def begin(self, sent_at: float) -> Lease:
        lease = Lease(sent_at=sent_at, on_loss=self._on_loss)
        self._begun.append(lease)
        return lease

    def end(self) -> None:
        for lease in self._begun:
            lease.end()

    def _on_loss(self) -> None:
        self.losses.append(now())
        self.lost.set()


@pytest.fixture
def leases() -> Generator[Leases, None, None]:
    begun = Leases()
    yield begun
    begun.end()


class Clock:
    """A clock that only tests advance, so that pauses of the machine have no effect."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr("supervisor.lease.now", ours)
    return ours


LIMIT = 30.0
"""Seconds after which a test fails; not an expected duration."""


def wait_for(condition: Callable[[], object], limit: float = LIMIT) -> None:
    ends = time.monotonic() + limit
    while condition() is None:
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_expired_lease_kills_a_stubborn_engine(leases: Leases, engine: subprocess.Popen[str]) -> None:
    began = now()
    lease = leases.begin(began)
    lease.guard(engine.pid)
    wait_for(engine.poll)
    assert engine.returncode == -signal.SIGKILL
    assert now() - began > LEASE + GRACE
    assert not lease.valid


def test_renewed_lease_continues(leases: Leases, engine: subprocess.Popen[str], clock: Clock) -> None:
    lease = leases.begin(clock())
    lease.guard(engine.pid)
    for _ in range(8):
        clock.time += LEASE / 2
        lease.renew(sent_at=clock())
        time.sleep(LEASE / 4)
    assert lease.valid
    assert engine.poll() is None
    assert not leases.losses
    clock.time += LEASE
    wait_for(engine.poll)


def test_lease_starts_when_the_heartbeat_was_sent(leases: Leases, clock: Clock) -> None:
    lease = leases.begin(clock() - LEASE + 0.1)
    assert lease.valid
    clock.time += 0.1
    assert not lease.valid
    assert leases.lost.wait(LIMIT)


def test_late_response_does_not_revive_a_lost_lease(leases: Leases) -> None:
    lease = leases.begin(now())
    assert leases.lost.wait(LIMIT)
    lease.renew(sent_at=now())
    assert not lease.valid
    assert len(leases.losses) == 1


def test_late_response_before_detection_does_not_revive_the_lease(leases: Leases, clock: Clock) -> None:
    lease = leases.begin(clock())
    clock.time += LEASE
    lease.renew(sent_at=clock())
    assert not lease.valid
    assert leases.lost.wait(LIMIT)


def test_lost_lock_is_acted_on_at_once(leases: Leases, engine: subprocess.Popen[str]) -> None:
    lease = leases.begin(now() + 10 * LIMIT)
    lease.guard(engine.pid)
    lease.revoke()
    wait_for(engine.poll)


def test_engine_started_after_the_loss_is_killed(
    leases: Leases, engine: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "KILL_GRACE", 2.0)
    lease = leases.begin(now() - LEASE)
    assert leases.lost.wait(LIMIT)
    lease.guard(engine.pid)
    wait_for(engine.poll, limit=1.5)


def test_late_wakeup_kills_without_grace(
    leases: Leases, engine: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "KILL_GRACE", LIMIT + 5)
    lease = leases.begin(now() - LEASE - timings.KILL_GRACE)
    lease.guard(engine.pid)
    wait_for(engine.poll)


def test_ended_lease_kills_nothing(leases: Leases, engine: subprocess.Popen[str]) -> None:
    lease = leases.begin(now())
    lease.guard(engine.pid)
    lease.end()
    time.sleep(LEASE + GRACE + 0.1)
    assert engine.poll() is None
    assert not leases.losses


def test_lease_uses_a_monotonic_clock() -> None:
    assert abs(now() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
    assert not time.get_clock_info("monotonic").adjustable
