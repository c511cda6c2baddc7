"""One term of leadership, from taking the lock to losing, giving up or handing over the leadership."""

import asyncio
import contextlib
import enum
from dataclasses import dataclass
from typing import Final

from supervisor import database, engine_accounts, engine_sessions, fencing, leader_table, reader_role, timings
from supervisor.database import Connection
from supervisor.discovery import LeaderRegistry
from supervisor.engine import RESTART_STOP_LIMIT, Engine
from supervisor.fencing import EngineLogin
from supervisor.haproxy import TASKS_PORT, Haproxy
from supervisor.lease import Lease, now
from supervisor.log import Journal
from supervisor.variables import Variables

JOURNAL = Journal("leadership")
RELEASE_LIMIT: Final = 3.0
"""Seconds for releasing the lock; closing the connection also releases it, but not cleanly."""


class End(enum.Enum):
    """How a term ended."""

    LOST = "lost"
    GAVE_UP = "gave up"
    HANDED_OVER = "handed over"


@dataclass(frozen=True, kw_only=True)
class LeaderContext:
    """The parts of the task that a leader uses; they outlive the term."""

    variables: Variables
    engine: Engine
    haproxy: Haproxy
    registry: LeaderRegistry


class Term:
    """A term, started by a session that has just taken the lock."""

    def __init__(self, context: LeaderContext, *, lock_session: Connection, sent_at: float) -> None:
        """`sent_at` is the time at which the statement that took the lock was sent."""
        self._context = context
        self._lock_session = lock_session
        self._taken_at = now()
        self._lost = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_loss() -> None:
            loop.call_soon_threadsafe(self._lost.set)

        self._lease = Lease(sent_at=sent_at, on_loss=on_loss)
        self._end_beats = asyncio.Event()
        self._helpers: list[asyncio.Task[None]] = []
        self._predecessor_gone = False
        self.epoch: int | None = None
        self.restarts = 0

    @property
    def lease_age(self) -> float:
        """Seconds since the database last confirmed the leadership."""
        return self._lease.age

    @property
    def lease_valid(self) -> bool:
        """Whether this task may act as the leader."""
        return self._lease.valid

    async def serve(self, stopping: asyncio.Event) -> End:
        """Lead until the leadership is lost or given up, or until `stopping` is set.

        Raises PasswordRefusedError when the database takes the lock's session but no further one.
        """
        duties = asyncio.create_task(self._duties())
        signals = [asyncio.create_task(event.wait()) for event in (self._lost, stopping)]
        try:
            await asyncio.wait({duties, *signals}, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.is_set() or not self._lease.valid:
                return await self._after_loss(duties)
            if stopping.is_set():
                await _cancel(duties)
                await self._hand_over()
                return End.HANDED_OVER
            return await self._after_failure(duties)
        finally:
            await _cancel(*signals, *self._helpers)
            self._lease.end()
            with contextlib.suppress(TimeoutError, database.DatabaseError):
                await asyncio.wait_for(self._lock_session.close(), 1.0)

    async def _duties(self) -> None:
        """Start the term, then keep an engine running; returns only to give up the leadership."""
        variables = self._context.variables
        name = variables.database.name
        epoch, released, login = await fencing.begin_term(
            self._lock_session,
            database=name,
            task=variables.task_name,
            address=variables.task_address,
            port=TASKS_PORT,
        )
        self.epoch = epoch
        # Heartbeats need not survive a crash of the database, and must not wait for its disks.
        await self._lock_session.execute("SET synchronous_commit = off")
        self._helpers = [asyncio.create_task(self._beat(epoch)), asyncio.create_task(self._announce(epoch))]
        JOURNAL.info("this task leads", {"epoch": epoch, "former_leader_released": released})
        async with await self._working_session() as session:
            await fencing.fence(session, database=name, epoch=epoch, drop=False)
        if not released:
            await asyncio.sleep(timings.FENCING_DELAY - (now() - self._taken_at))
        self._predecessor_gone = True
        async with await self._working_session() as session:
            # Repeat, for a session that was still logging in the first time.
            await fencing.fence(session, database=name, epoch=epoch)
            await fencing.adopt_tables(session, database=name)
            if variables.database.reader:
                await reader_role.provide(session, role=variables.database.reader)
            await engine_accounts.provide_account(
                session,
                owner=fencing.owner_of(name),
                user=variables.engine.admin_user,
                password=variables.engine.admin_password,
            )
        await self._run_engine(epoch, login)

    async def _run_engine(self, epoch: int, login: EngineLogin) -> None:
        engine, haproxy = self._context.engine, self._context.haproxy
        failures = 0
        while True:
            started = now()
            verdict = await engine.start(login=login, epoch=epoch, lease=self._lease)
            reason = verdict.reason
            if verdict.good:
                await haproxy.send_to_own_engine()
                reason = await self._watch(engine, login)
            await haproxy.cut_off()
            engine.last_failure = reason
            if now() - started > timings.ENGINE_STABLE:
                failures = 0
            failures += 1
            await engine.stop(within_seconds=RESTART_STOP_LIMIT, then="failed")
            self._lease.engine_has_ended()
            exception = {"exception": engine.start_exception} if engine.start_exception else {}
            JOURNAL.error(
                "the engine has failed", {"epoch": epoch, "reason": reason, "failures": failures, **exception}
            )
            if failures >= timings.ENGINE_STARTS:
                return
            await asyncio.sleep(timings.RESTART_PAUSE * 2 ** (failures - 1))
            self.restarts += 1
            async with await self._working_session() as session:
                # The stopped engine's last statements must end before the next one reads.
                await fencing.end_sessions(session, users=[login.user])

    async def _watch(self, engine: Engine, login: EngineLogin) -> str:
        """Wait until the engine must be restarted; return the reason, a failed probe or a lost database session."""
        answers = asyncio.create_task(engine.watch())
        sessions = asyncio.create_task(engine_sessions.first_loss(self._working_session, user=login.user))
        try:
            done, _ = await asyncio.wait({answers, sessions}, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            await _cancel(answers, sessions)

    async def _beat(self, epoch: int) -> None:
        while not self._end_beats.is_set():
            sent_at = now()
            try:
                async with asyncio.timeout(timings.LEASE):
                    current = await leader_table.heartbeat(
                        self._lock_session, epoch=epoch, engine=self._context.engine.state
                    )
            except (database.DatabaseError, TimeoutError) as error:
                JOURNAL.error(
                    "lost the connection that holds the lock", {"epoch": epoch, "reason": database.reason(error)}
                )
                self._lease.revoke()
                return
            if not current:
                JOURNAL.error("another task leads with a later epoch", {"epoch": epoch})
                self._lease.revoke()
                return
            self._lease.renew(sent_at=sent_at)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end_beats.wait(), max(0.01, timings.HEARTBEAT - (now() - sent_at)))

    async def _announce(self, epoch: int) -> None:
        variables = self._context.variables
        before = ""
        renewed_at = 0.0
        while self._lease.valid:
            state = self._context.engine.state
            if state != before or now() - renewed_at >= timings.ANNOUNCE_INTERVAL:
                renewed_at = now()
                await self._context.registry.announce(
                    epoch=epoch,
                    task=variables.task_name,
                    address=variables.task_address,
                    port=TASKS_PORT,
                    engine=state,
                    change=state != before,
                )
                before = state
            await asyncio.sleep(0.1)

    async def _working_session(self) -> Connection:
        """Open a connection for work that would delay a heartbeat too long."""
        variables = self._context.variables
        return await database.connect(
            variables.database, application_name=f"yawl-supervisor {variables.task_name} work"
        )

    async def _after_loss(self, duties: "asyncio.Task[None]") -> End:
        """Wait for the engine to exit; the lease's thread kills it."""
        JOURNAL.error("this task no longer leads", {"epoch": self.epoch})
        await _cancel(duties)
        await self._context.haproxy.cut_off()
        await self._context.engine.stop(within_seconds=timings.KILL_GRACE)
        return End.LOST

    async def _after_failure(self, duties: "asyncio.Task[None]") -> End:
        """Give up the leadership: the engine fails repeatedly, or the term could not start."""
        error = duties.exception()
        if isinstance(error, database.DatabaseError):
            JOURNAL.error("the leadership has failed", {"epoch": self.epoch, "reason": database.reason(error)})
            error = None
        await self._context.haproxy.cut_off()
        await self._context.engine.stop(within_seconds=RESTART_STOP_LIMIT)
        await self._release()
        if error is not None:
            raise error
        return End.GAVE_UP

    async def _hand_over(self) -> None:
        """Finish running requests, stop the engine, release the lock and log it."""
        haproxy, engine = self._context.haproxy, self._context.engine
        JOURNAL.info("handing over the leadership", {"epoch": self.epoch})
        started = now()
        draining = asyncio.create_task(haproxy.finish_requests(within_seconds=timings.DRAIN_LIMIT))
        loss = asyncio.create_task(self._lost.wait())
        await asyncio.wait({draining, loss}, return_when=asyncio.FIRST_COMPLETED)
        await _cancel(draining, loss)
        drained = now()
        await engine.stop(within_seconds=timings.STOP_LIMIT)
        await haproxy.cut_off()
        await self._release()
        JOURNAL.info(
            "the leadership is handed over",
            {
                "epoch": self.epoch,
                "drain_seconds": round(drained - started, 2),
                "stop_seconds": round(now() - drained, 2),
            },
        )

    async def _release(self) -> None:
        """Release the lock after the engine has stopped.

        Only a leader that still leads may say that it did, and only when no engine before its own can be alive: the
        next one takes it at its word and does not wait.
        """
        clean = self._lease.valid and self._predecessor_gone
        self._lease.end()
        self._end_beats.set()
        try:
            async with asyncio.timeout(RELEASE_LIMIT):
                await asyncio.gather(*self._helpers)
                if clean and self.epoch is not None:
                    await leader_table.release(self._lock_session, epoch=self.epoch)
                    await self._context.registry.withdraw(epoch=self.epoch)
        except (database.DatabaseError, TimeoutError) as error:
            JOURNAL.warning(
                "the lock was not released cleanly", {"epoch": self.epoch, "reason": database.reason(error)}
            )


async def _cancel(*tasks: "asyncio.Task[None] | asyncio.Task[bool] | asyncio.Task[str]") -> None:
    """Cancel tasks and wait briefly, because one may be waiting on a lost connection."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=0.2)
