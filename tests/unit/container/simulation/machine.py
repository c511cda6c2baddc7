"""A machine that runs one real `supervisor.task.Task`, and what can happen to it."""

import asyncio
import contextlib
import dataclasses
import signal
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supervisor import timings
from supervisor.health import HealthState
from supervisor.lease import Lease
from supervisor.masking import Secrets
from supervisor.task import Exit, Task
from supervisor.variables import Variables
from tests.unit.container.simulation.connection import Connection
from tests.unit.container.simulation.engine import Tomcat
from tests.unit.container.simulation.network import HaproxyProcess
from tests.unit.container.simulation.postgresql import Link
from tests.unit.container.simulation.scheduler import Host, SimulatedLoop, SimulatedThread
from tests.unit.container.supervisor_task import variables

if TYPE_CHECKING:
    from tests.unit.container.simulation.world import World


class Machine(Host):
    """A machine that runs one task."""

    def __init__(self, world: "World", name: str, address: str, *, clock_offset: float) -> None:
        super().__init__(world.scheduler, clock_offset=clock_offset)
        self.world = world
        self.server = world.server
        self.name = name
        self.address = address
        self.dead = False
        self.stopping = False
        self.exit: Exit | None = None
        self.link = Link(world.scheduler)
        self.redis_cut = False
        self.loop = SimulatedLoop(self)
        self.health: HealthState | None = None
        self.haproxy = HaproxyProcess(self)
        self.tomcat: Tomcat | None = None
        self.lock_sessions: list[Connection] = []
        self.served_at = self.scheduler.now
        self.paused_until = -timings.HEALTH_AGE_LIMIT
        self.lease: Lease | None = None
        self.lease_granted_by: Connection | None = None
        self.thread = self.loop.thread = SimulatedThread(self, self._main)
        self.thread.start()

    @property
    def runs(self) -> bool:
        """Whether its processes get any time."""
        return not self.dead and not self.frozen

    @property
    def engine(self) -> Tomcat:
        """Its engine, which must be there."""
        assert self.tomcat is not None
        return self.tomcat

    @property
    def active(self) -> bool:
        """Whether its task has the active engine, and requests reach it."""
        return self.runs and self.tomcat is not None and self.tomcat.serves and self.haproxy.ready["own/tomcat"]

    @property
    def granted_until(self) -> float:
        """Until when the database's last proof of the lock lets this machine lead."""
        connection = self.lease_granted_by
        granted_at = None if connection is None else connection.granted_at
        return -1.0 if granted_at is None else granted_at + timings.LEASE

    def post(self, call: Callable[[], object]) -> None:
        """Let its loop call a function."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(call)

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Return the answer to a health check."""
        if self.health is None:
            return 503, {"role": "standby", "reason": "the task has not started"}
        before, self.scheduler.host = self.scheduler.host, self
        try:
            status, body = self.health.answer()
        finally:
            self.scheduler.host = before
        return int(status), body

    def stop(self) -> None:
        """Send SIGTERM to the supervisor."""
        if self.runs and signal.SIGTERM in self.loop.signal_handlers:
            self.stopping = True
            self.post(self.loop.signal_handlers[signal.SIGTERM])

    def freeze(self) -> None:
        """Stop all its processes, as SIGSTOP does."""
        self.frozen = True

    def hang(self) -> None:
        """Stop the supervisor's loop, but not its other threads."""
        self.thread.hung = True

    def thaw(self) -> None:
        """Let everything go on."""
        if self.frozen or self.thread.hung:
            self.frozen = self.thread.hung = False
            self.paused_until = self.scheduler.now

    def die(self) -> None:
        """End all its processes at once; what it has sent is under way still."""
        self.dead, self.frozen, self.thread.hung = True, False, False
        if self.tomcat is not None:
            self.tomcat.kill()
        for session in [session for session in self.server.sessions if session.machine is self and session.idle_limit]:
            self.link.request(lambda session=session: self.server.end(session, by_server=False))
        self.post(self._cancel)

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner, contextlib.suppress(asyncio.CancelledError):
            self.exit = runner.run(Task(_variables_of(self), Secrets()).run())
        if not self.dead and not self.stopping:
            self.world.fail(f"{self.name} has ended by itself: {self.exit!r}")
        self.die()


def _variables_of(machine: Machine) -> Variables:
    return dataclasses.replace(
        _variables(), task_name=machine.name, task_address=machine.address, bind_address=machine.address
    )


@cache
def _variables() -> Variables:
    return variables(Path(_folder().name))


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder that is removed when Python ends."""
    return tempfile.TemporaryDirectory()
