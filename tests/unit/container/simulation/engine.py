"""Processes without an operating system: Tomcat with its engine, which writes all the time."""

import asyncio
import itertools
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import psycopg
from typing_extensions import override

from supervisor.fencing import EngineLogin
from supervisor.probe import ENGINE_PATH
from tests.unit.container.simulation.postgresql import LAST_STATEMENT_SECONDS, Session

if TYPE_CHECKING:
    from tests.unit.container.simulation.machine import Machine

Behavior = Literal["good", "fails", "resource service fails", "hangs", "is not YAWL"]
POOL: Final = 2
"""Database sessions of an engine."""
_NUMBERS = itertools.count(100)


class Process:
    """A process of a machine, as asyncio shows it."""

    def __init__(self, machine: "Machine") -> None:
        self.machine = machine
        self.pid = next(_NUMBERS)
        self.alive = True
        self.returncode: int | None = None
        self.stdout = asyncio.StreamReader()
        self._ended: asyncio.Event = asyncio.Event()

    async def wait(self) -> int:
        """Wait for its end; return the exit code."""
        await self._ended.wait()
        return self.returncode or 0

    def signal(self, number: signal.Signals) -> None:
        """Take a signal."""
        self.exit(-number)

    def exit(self, code: int) -> None:
        """End."""
        if self.alive:
            self.alive = False
            self.machine.post(lambda: self._tell(code))

    def _tell(self, code: int) -> None:
        self.returncode = code
        self._ended.set()
        self.stdout.feed_eof()


class Tomcat(Process):
    """Tomcat with YAWL: it logs in to the database with the login it was given, and writes."""

    def __init__(self, machine: "Machine", *, user: str, start_seconds: float) -> None:
        super().__init__(machine)
        self.user = user
        self.epoch = int(user.rpartition("_")[2])
        self.behavior: Behavior = machine.world.next_behavior
        self.stop_seconds = machine.world.stop_seconds
        """How long it takes to end after SIGTERM."""
        self.answers: list[bool] = []
        """Whether each probe of its own task was answered as it should be."""
        self.was_good = False
        self.losses_before = machine.server.losses
        self.sessions: list[Session] = []
        self._ready_at = machine.scheduler.now + start_seconds
        self.received = False

    @property
    def deployed(self) -> bool:
        """Whether it has started."""
        return self.alive and self.machine.scheduler.now >= self._ready_at

    @property
    def serves(self) -> bool:
        """Whether it answers requests as it should."""
        return self.deployed and self.machine.runs and self.behavior == "good"

    def tick(self) -> None:
        """Log in where a session is missing, and write."""
        if not self.deployed or not self.machine.runs or self.machine.link.cut_at is not None:
            return
        server = self.machine.server
        self.sessions = [session for session in self.sessions if session.alive]
        for session in self.sessions:
            if session.listed:
                server.write(session, epoch=self.epoch)
        while len(self.sessions) < POOL:
            try:
                session = server.connect(self.machine, user=self.user, application="engine", idle_limit=None)
            except psycopg.OperationalError:
                return
            session.listed = False
            self.sessions.append(session)
            self.machine.scheduler.later(
                self.machine.world.login_seconds, lambda session=session: setattr(session, "listed", True)
            )

    @override
    def signal(self, number: signal.Signals) -> None:
        """Take a signal: SIGKILL at once, SIGTERM in its time."""
        if not self.received and self.alive:
            self.received = True
            self.machine.world.on_engine_stop(self)
        if number == signal.SIGKILL:
            self.kill()
        else:
            self.machine.scheduler.later(self.stop_seconds, self._end_if_running)

    def kill(self) -> None:
        """End at once; the server hears of it if it can, and its last statements may still commit."""
        self.exit(-signal.SIGKILL)

    def crash(self) -> None:
        """End by itself."""
        self.received = True
        self.exit(1)

    @override
    def exit(self, code: int) -> None:
        """End, with all sessions."""
        if self.alive:
            super().exit(code)
            for session in self.sessions:
                self.machine.scheduler.later(
                    LAST_STATEMENT_SECONDS, lambda session=session: self.machine.link.request(self._closing(session))
                )

    def _closing(self, session: Session) -> Callable[[], None]:
        def close() -> None:
            self.machine.server.write(session, epoch=self.epoch)
            self.machine.server.end(session, by_server=False)

        return close

    def _end_if_running(self) -> None:
        if self.machine.frozen:
            self.machine.scheduler.later(0.1, self._end_if_running)
        else:
            self.exit(143)


class SimulatedTomcat:
    """Takes the place of `supervisor.tomcat.Tomcat`."""

    folder = Path()

    def __init__(self, *, address: str, port: int, **_: object) -> None:
        self.address = address
        self.port = port
        self._login = ""

    def prepare(self, *, login: EngineLogin, application_name: str) -> None:
        """Keep the login."""
        assert application_name
        self._login = login.user

    def command(self) -> list[str]:
        """Return a command that names the login."""
        return ["tomcat", self._login]

    def environment(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def forget_secrets(self) -> None:
        """Do nothing."""


def answer(tomcat: Tomcat, path: str, *, own_task: bool) -> bytes | None:
    """Return what an engine answers to a request, of its own task or of another; None if it never does."""
    if path == ENGINE_PATH and own_task:
        tomcat.answers.append(tomcat.behavior == "good")
        tomcat.was_good |= tomcat.behavior == "good"
    if tomcat.behavior == "hangs":
        return None
    failing: dict[Any, str] = {"fails": "/yawl/ib", "resource service fails": "/resourceService/"}
    if path.startswith(failing.get(tomcat.behavior, "never")):
        return b"HTTP/1.1 500 \r\n\r\n"
    body = b"<html>" if tomcat.behavior == "is not YAWL" else b"<response>"
    return b"HTTP/1.1 200 \r\nContent-Type: text/xml\r\n\r\n" + body
