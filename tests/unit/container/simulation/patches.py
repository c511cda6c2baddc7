"""What the supervisor reaches outside of itself, replaced by the simulated world."""

import logging
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from typing_extensions import override

from supervisor import timings
from supervisor.health import HealthState
from tests.unit.container.simulation import connection, network
from tests.unit.container.simulation.connection import Connection
from tests.unit.container.simulation.engine import Process, SimulatedTomcat, Tomcat
from tests.unit.container.simulation.scheduler import SimulatedEvent, SimulatedLock, SimulatedThread

if TYPE_CHECKING:
    from tests.unit.container.simulation.world import World


class Patches:
    """Replaces it until `undo`; the machine whose code is running decides what is reached."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._scheduler = world.scheduler
        self._patch = pytest.MonkeyPatch()
        self._apply()

    def undo(self) -> None:
        """Put everything back."""
        self._patch.undo()

    def _clock(self, _: int = 0) -> float:
        return self._world.current.clock

    def _new_thread(self, *, target: Callable[[], object], **_: object) -> SimulatedThread:
        """Start a lease's thread; the lease is granted by the connection that has the lock."""
        machine = self._world.current
        machine.lease = getattr(target, "__self__", None)
        granting = [session for session in machine.lock_sessions if session.granted_at is not None]
        machine.lease_granted_by = granting[-1] if granting else None
        return SimulatedThread(machine, target)

    async def _connect(self, **options: Any) -> Connection:
        machine = self._world.current
        opened = await connection.connect(machine, options)
        machine.lock_sessions = [*machine.lock_sessions[-4:], opened]
        return opened

    async def _start_process(self, *command: str, **_: object) -> Process:
        machine = self._world.current
        if "-db" in command:
            return machine.haproxy.restarted()
        machine.tomcat = Tomcat(machine, user=command[-1], start_seconds=self._world.start_seconds)
        self._world.on_engine_start(machine.tomcat)
        return machine.tomcat

    def _process(self, process_id: int) -> Process:
        tomcat = self._world.current.tomcat
        found = tomcat if tomcat is not None and tomcat.pid == process_id else self._world.current.haproxy.process
        if found is None or found.pid != process_id or not found.alive:
            raise ProcessLookupError
        return found

    def _signal(self, process_id: int, number: signal.Signals) -> None:
        self._process(process_id).signal(number)

    def _open(self, process_id: int) -> int:
        return self._process(process_id).pid

    async def _no_accounts(self, connection: Connection, **_: object) -> None:
        await connection.execute("BEGIN")
        await connection.execute("COMMIT")

    def _new_health_server(self, board: HealthState, **_: object) -> SimpleNamespace:
        self._world.current.health = board
        return SimpleNamespace(stop=_do_nothing)

    def _apply(self) -> None:
        put = self._patch.setattr
        scheduler = self._scheduler
        put(
            "supervisor.lease.time",
            SimpleNamespace(
                clock_gettime=self._clock,
                CLOCK_BOOTTIME=time.CLOCK_BOOTTIME,
                sleep=scheduler.sleep,
            ),
        )
        put(
            "supervisor.lease.threading",
            SimpleNamespace(
                Lock=lambda: SimulatedLock(scheduler),
                Event=lambda: SimulatedEvent(scheduler),
                Thread=self._new_thread,
            ),
        )
        put("supervisor.lease.os", SimpleNamespace(pidfd_open=self._open, close=_do_nothing))
        put(
            "supervisor.lease.signal",
            SimpleNamespace(SIGTERM=signal.SIGTERM, SIGKILL=signal.SIGKILL, pidfd_send_signal=self._signal),
        )
        put("supervisor.processes.os", SimpleNamespace(kill=self._signal, getpid=lambda: 1))
        put(
            "supervisor.database.psycopg",
            SimpleNamespace(
                AsyncConnection=SimpleNamespace(connect=self._connect), OperationalError=psycopg.OperationalError
            ),
        )
        put("supervisor.discovery.redis", network.redis_module(self._world))
        put("supervisor.engine_accounts.provide_account", self._no_accounts)
        put("supervisor.task.random", random.Random(0))  # noqa: S311 - the same in each run
        put("supervisor.task.HealthServer", self._new_health_server)
        put("supervisor.task.Tomcat", SimulatedTomcat)
        put("asyncio.create_subprocess_exec", self._start_process)
        put("asyncio.open_connection", partial(network.open_connection, self._world))
        put("asyncio.open_unix_connection", partial(network.open_runtime_api, self._world))
        put(timings, "ENGINE_START_LIMIT", 20.0)
        put(timings, "ENGINE_STABLE", 30.0)
        logger = logging.getLogger("yawl")
        put(logger, "handlers", [_Story(self._world)])
        put(logger, "propagate", False)
        put(logger, "level", logging.INFO)


def _do_nothing(*_: object) -> None:
    pass


class _Story(logging.Handler):
    """Adds what the supervisor logs to the world's story."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if fields := getattr(record, "fields", None):
            self._world.tell(f"{record.getMessage()} {dict(fields)}")
        else:
            self._world.tell(record.getMessage())
