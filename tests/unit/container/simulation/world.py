"""Tasks, each on a machine of its own, with a database, Redis and engines; each step checks what must always hold.

`World` is the whole of it. A `Machine` runs one real `supervisor.task.Task`. What the supervisor reaches outside of
itself is replaced by `patches`; nothing of it is a process, a file that matters, or a socket.
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from typing import Final

from supervisor import timings
from tests.unit.container.simulation import network, postgresql
from tests.unit.container.simulation.engine import Behavior, Tomcat
from tests.unit.container.simulation.machine import Machine
from tests.unit.container.simulation.network import RedisServer
from tests.unit.container.simulation.patches import Patches
from tests.unit.container.simulation.postgresql import Server
from tests.unit.container.simulation.scheduler import (
    Scheduler,
)

TICK: Final = 0.25
"""Seconds between two looks at the world."""
OK_OUTLIVES: Final = {
    "active": timings.PROBE_TIMEOUT + timings.PROBE_INTERVAL + timings.HEALTH_INTERVAL + 2 * TICK,
    "standby": timings.STANDBY_PROBE_TIMEOUT + timings.HEALTH_INTERVAL + 2 * TICK,
}
"""How long a task may still say ok after the last moment at which it would have served, by its role."""
SETTLES_WITHIN: Final = 75.0
"""Seconds from the end of all faults until every task serves: two starts of an engine that fail are among them."""


class World:
    """Everything; use it as a context, then advance it with `run`."""

    def __init__(self, machines: int = 0, *, start_seconds: float = 3.0) -> None:
        self.scheduler = Scheduler()
        self.scheduler.after_step = self._check_leases
        self.server = Server(self.scheduler, self.fail)
        self.server.on_unlock = self._on_unlock
        self.redis = RedisServer(self.scheduler)
        self.machines: list[Machine] = []
        self.start_seconds = start_seconds
        """How long an engine takes to deploy its applications."""
        self.story: deque[str] = deque(maxlen=60)
        self.next_behavior: Behavior = "good"
        self.stop_seconds = 0.3
        self.login_seconds = 0.3
        """Between the check of an engine's login and the first time that its session is listed."""
        self.starts: list[Tomcat] = []
        self._numbers = itertools.count(1)
        self._patches: Patches | None = None
        self._first_machines = machines

    def __enter__(self) -> "World":
        self._patches = Patches(self)
        for _ in range(self._first_machines):
            self.add_machine()
        self.scheduler.later(TICK, self._tick)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.scheduler.after_step = lambda: None
            self.scheduler.failures.clear()
            for machine in self.machines:
                machine.die()
            with contextlib.suppress(Exception):
                self.scheduler.run(30.0, until=lambda: not self.scheduler.threads)
            self.scheduler.abandon()
        finally:
            if self._patches is not None:
                self._patches.undo()
            for machine in self.machines:
                machine.loop.close()

    # What tests do.

    @property
    def running(self) -> list[Machine]:
        """The machines that are not dead, stopping ones included."""
        return [machine for machine in self.machines if not machine.dead]

    @property
    def leader(self) -> Machine | None:
        """The machine whose session holds the lock."""
        session = self.server.leader
        return None if session is None else session.machine

    @property
    def current(self) -> Machine:
        """The machine whose code is running."""
        if not isinstance(self.scheduler.host, Machine):
            raise TypeError("no machine's code is running")
        return self.scheduler.host

    def add_machine(self) -> Machine:
        """Start a further task."""
        number = next(self._numbers)
        machine = Machine(self, f"task{number}", f"10.0.0.{number}", clock_offset=1000.0 * number)
        self.machines.append(machine)
        return machine

    def run(self, seconds: float, *, until: Callable[[], object] = lambda: False) -> bool:
        """Let time pass; return whether `until` came to hold."""
        try:
            return self.scheduler.run(seconds, until=until)
        except BaseException:
            print(*self.story, sep="\n")
            raise

    def mend(self) -> None:
        """End all faults, except that what is dead stays dead."""
        self.server.up = self.redis.up = True
        self.redis.delay = network.SECONDS
        self.next_behavior, self.stop_seconds = "good", 0.3
        for machine in self.running:
            machine.link.mend()
            machine.redis_cut = False
            machine.thaw()
            if machine.tomcat is not None:
                machine.tomcat.behavior = "good"

    def settle(self, within: float = SETTLES_WITHIN) -> float:
        """Let time pass until every task serves, which it must; return the seconds."""
        since = self.scheduler.now
        if not self.run(within, until=lambda: self.settled):
            self.fail(f"not every task serves within {within:g} s: {[machine.answer() for machine in self.running]}")
            self.run(0)
        return self.scheduler.now - since

    @property
    def settled(self) -> bool:
        """Whether all tasks that should, serve, and say so."""
        return all(
            machine.stopping or (machine.answer()[0] == 200 and self.served(machine)) for machine in self.running
        )

    def served(self, machine: Machine) -> bool:
        """Whether a request to this machine would be served by an engine now."""
        return network.engine_behind(self, machine) is not None

    def tell(self, text: str) -> None:
        """Add a line to the story that a failed test prints."""
        name = getattr(self.scheduler.host, "name", "-")
        self.story.append(f"{self.scheduler.now - 1000:8.3f} {name}: {text}")

    def fail(self, text: str) -> None:
        """Fail the test: something that must hold does not."""
        self.tell(f"FAILED {text}")
        self.scheduler.failures.append(AssertionError(text))

    # What must always hold.

    def _tick(self) -> None:
        self.scheduler.later(TICK, self._tick)
        alive = [machine.tomcat for machine in self.machines if machine.tomcat is not None and machine.tomcat.alive]
        if len([tomcat for tomcat in alive if tomcat.machine.runs]) > 1:
            self.fail(f"two engines run: {[tomcat.epoch for tomcat in alive]}")
        for tomcat in alive:
            tomcat.tick()
        row = self.server.row
        if row and row["released"] and any(tomcat.epoch <= row["epoch"] for tomcat in alive):
            self.fail(f"epoch {row['epoch']} says that it has ended, and an engine of it or an earlier one is alive")
        for machine in self.machines:
            self._check_health(machine)

    def _check_health(self, machine: Machine) -> None:
        """Ok only if a request would be served, or would have been just before."""
        if not machine.runs:
            return
        if self.served(machine):
            machine.served_at = self.scheduler.now
        status, body = machine.answer()
        outlives = OK_OUTLIVES[body["role"]]
        if machine.thread.hung or self.scheduler.now - machine.paused_until < timings.HEALTH_AGE_LIMIT:
            outlives += timings.HEALTH_AGE_LIMIT
        if status == 200 and self.scheduler.now - machine.served_at > outlives:
            self.fail(f"{machine.name} says {body}, but has not served since {machine.served_at - 1000:.3f}")
        if (status == 200) != (not body.get("reason")):
            self.fail(f"{machine.name} says {status} with {body}")

    def _check_leases(self) -> None:
        """A lease ends with what the database granted, and the engine with the lease."""
        now = self.scheduler.now
        for machine in self.machines:
            if machine.runs and now > machine.granted_until + 1e-6:
                if machine.lease is not None and self._valid(machine):
                    self.fail(
                        f"{machine.name}'s lease is valid {now - machine.granted_until:.3f} s longer than granted"
                    )
                if (
                    machine.tomcat is not None
                    and machine.tomcat.alive
                    and now > machine.granted_until + timings.KILL_GRACE + timings.KILL_MARGIN
                    and all(thread.wakes_at > now for thread in self.scheduler.threads if thread.host is machine)
                ):
                    self.fail(
                        f"{machine.name}'s engine lives {now - machine.granted_until:.3f} s longer than its lease"
                    )

    def _valid(self, machine: Machine) -> bool:
        before, self.scheduler.host = self.scheduler.host, machine
        try:
            return machine.lease is not None and machine.lease.valid
        finally:
            self.scheduler.host = before

    def on_engine_start(self, tomcat: Tomcat) -> None:
        """No earlier engine can write any more, and this task has the lock as far as it can know."""
        self.starts.append(tomcat)
        server, machine = self.server, tomcat.machine
        self.tell(f"engine of epoch {tomcat.epoch} starts")
        others = {
            session.user for session in server.sessions if session.user.startswith("yawl_engine_") and session.may_write
        }
        if others:
            self.fail(f"the engine of epoch {tomcat.epoch} starts while sessions of {others} can write")
        logins = [
            name
            for name, role in server.roles.items()
            if name != tomcat.user and name.startswith("yawl_engine_") and (role.login or role.member_of)
        ]
        if any(int(name.rpartition("_")[2]) < tomcat.epoch for name in logins):
            self.fail(f"the engine of epoch {tomcat.epoch} starts while {logins} can log in")
        if self.scheduler.now > machine.granted_until:
            self.fail(f"the engine of epoch {tomcat.epoch} starts without a lease")

    def on_engine_stop(self, tomcat: Tomcat) -> None:
        """An engine is told to end for one of the documented reasons only."""
        machine = tomcat.machine
        bad = tomcat.answers[-timings.PROBE_FAILURES :]
        reasons = {
            "the lease has expired": self.scheduler.now >= machine.granted_until - 1e-6,
            "a later epoch leads": self.server.row is None or self.server.row["epoch"] > tomcat.epoch,
            "its lock is lost": self.leader is not machine,
            "the task is stopping": machine.stopping or machine.dead,
            "the start has failed": not tomcat.was_good,
            "a session was lost": self.server.losses > tomcat.losses_before,
            "three bad answers in a row": len(bad) == timings.PROBE_FAILURES and not any(bad),
        }
        self.tell(
            f"engine of epoch {tomcat.epoch} is told to end: {[name for name, holds in reasons.items() if holds]}"
        )
        if not any(reasons.values()):
            self.fail(f"the engine of epoch {tomcat.epoch} is told to end without a reason; answers: {bad}")

    def _on_unlock(self, session: postgresql.Session) -> None:
        tomcat = session.machine.tomcat
        if tomcat is not None and tomcat.alive:
            self.fail(f"{session.machine.name} releases the lock while its engine is alive")
