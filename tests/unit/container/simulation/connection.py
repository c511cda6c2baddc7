"""The client's side of a session at the simulated database, as psycopg shows it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from tests.unit.container.simulation.postgresql import Rows, Session

if TYPE_CHECKING:
    from tests.unit.container.simulation.machine import Machine


def _encrypt(*_: object) -> bytes:
    return b"verifier"


class Connection:
    """The client's side, as psycopg's AsyncConnection."""

    pgconn = SimpleNamespace(encrypt_password=_encrypt)

    def __init__(self, machine: "Machine", session: Session, *, silence_limit: float) -> None:
        self._machine = machine
        self._session = session
        self._silence_limit = silence_limit
        self._busy = asyncio.Lock()
        self._waiting: asyncio.Future[Rows] | None = None
        self._broken = False
        self.granted_at: float | None = None
        """When the last statement left the machine that proved to it that the session holds the lock."""
        session.on_end = lambda: machine.link.answer(self._break)

    async def execute(self, query: str | sql.Composed, parameters: Sequence[Any] = ()) -> Rows:
        """Send a statement and wait for the answer. Raises OperationalError."""
        text = " ".join((query if isinstance(query, str) else query.as_string(None)).split())
        async with self._busy:
            if self._broken or self._machine.dead:
                raise psycopg.OperationalError("the connection is lost")
            future = self._waiting = asyncio.get_running_loop().create_future()
            sent_at = self._machine.scheduler.now
            self._machine.link.request(lambda: self._serve(text, parameters, future))
            self._machine.scheduler.later(self._silence_limit, lambda: self._give_up(future))
            rows = await future
        if rows.proves_lock:
            self.granted_at = sent_at
        return rows

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None, None]:
        """Commit at the end, or roll back after an error."""
        await self.execute("BEGIN")
        try:
            yield
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                await self.execute("ROLLBACK")
            raise
        await self.execute("COMMIT")

    async def close(self) -> None:
        """Close it; the server notices when it hears of it."""
        self._broken = True
        self._session.on_end = lambda: None
        self._machine.link.request(lambda: self._machine.server.end(self._session, by_server=False))

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _serve(self, text: str, parameters: Sequence[Any], future: "asyncio.Future[Rows]") -> None:
        rows: Rows | psycopg.Error
        try:
            found = self._machine.server.execute(self._session, text, parameters)
            found.proves_lock = self._session.locks > 0
            rows = found
        except psycopg.Error as error:
            rows = error
        self._machine.link.answer(lambda: self._machine.post(lambda: _settle(future, rows)))

    def _give_up(self, future: "asyncio.Future[Rows]") -> None:
        """Let TCP end a connection whose peer has not acknowledged anything for too long."""
        cut_at = self._machine.link.cut_at
        if not future.done() and cut_at is not None:
            self._machine.post(self._break)

    def _break(self) -> None:
        def end() -> None:
            self._broken = True
            if self._waiting is not None:
                _settle(self._waiting, psycopg.OperationalError("server closed the connection unexpectedly"))

        self._machine.post(end)


async def connect(machine: "Machine", options: dict[str, Any]) -> Connection:
    """Connect as psycopg does. Raises OperationalError."""
    limit = re.search(r"-c idle_session_timeout=(\d+)", options["options"])
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Session] = loop.create_future()

    def serve() -> None:
        try:
            session: Session | psycopg.Error = machine.server.connect(
                machine,
                user=options["user"],
                application=options["application_name"],
                idle_limit=int(limit[1]) / 1000 if limit else None,
            )
        except psycopg.Error as error:
            session = error
        machine.link.answer(lambda: machine.post(lambda: _settle(future, session)))

    if machine.dead:
        raise psycopg.OperationalError("the machine is gone")
    machine.link.request(serve)
    try:
        async with asyncio.timeout(options["connect_timeout"]):
            session = await future
    except TimeoutError:
        raise psycopg.OperationalError("connection timeout expired") from None
    return Connection(machine, session, silence_limit=options["tcp_user_timeout"] / 1000)


def _settle(future: "asyncio.Future[Any]", result: object) -> None:
    if not future.done():
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
