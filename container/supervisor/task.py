"""Runs a task: start its parts, compete for the leadership, lead or stand by, stop."""

import asyncio
import contextlib
import enum
import random
import signal
import traceback
from typing import Final

import psycopg

from supervisor import database, leader_table, metrics, probe, timings
from supervisor.database import PasswordRefusedError
from supervisor.discovery import Discovery, Leader, LeaderRegistry
from supervisor.engine import Engine
from supervisor.haproxy import ENGINE_PORT, Haproxy, HaproxyError, Upstream
from supervisor.health import SOCKET_NAME, EngineState, Health, HealthServer, HealthState
from supervisor.leadership import End, LeaderContext, Term
from supervisor.lease import now
from supervisor.log import Journal
from supervisor.masking import Secrets
from supervisor.tomcat import Tomcat
from supervisor.variables import Variables

JOURNAL = Journal("task")
ROUND_LIMIT: Final = 3.0
"""Seconds for one attempt at the lock; longer means that the connection is dead."""
RECONNECT_PAUSE: Final = 0.5
LOOPBACK: Final = "127.0.0.1"
ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - compared with, not bound to


class Exit(enum.IntEnum):
    """Exit codes; container/README.md explains them."""

    ENDED = 0
    FAILED = 1
    VARIABLES = 2
    PASSWORD_REFUSED = 3
    PART_ENDED = 4


class Task:
    """One task with all its parts."""

    def __init__(self, variables: Variables, secrets: Secrets) -> None:
        self._variables = variables
        address = LOOPBACK if variables.bind_address == ANY_ADDRESS else variables.bind_address
        self._haproxy = Haproxy(
            program=variables.haproxy,
            folder=variables.work_folder / "haproxy",
            bind_address=variables.bind_address,
            task=variables.task_name,
            engine=Upstream(address, ENGINE_PORT),
        )
        self._engine = Engine(
            Tomcat(
                folder=variables.work_folder / "tomcat",
                address=address,
                port=ENGINE_PORT,
                variables=variables.engine,
                database=variables.database,
                log_level=variables.log_level,
                known_secrets=secrets,
            ),
            task=variables.task_name,
        )
        self._registry = LeaderRegistry(variables.redis, environment=variables.environment)
        self._discovery = Discovery()
        self._health = HealthState(version=variables.image_version)
        self._stopping = asyncio.Event()
        self._term: Term | None = None
        self._most_waiting = 0
        self._terms = 0

    async def run(self) -> Exit:
        """Run until SIGTERM; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        socket = self._variables.work_folder / SOCKET_NAME
        server = HealthServer(self._health, socket=socket)
        loops: list[asyncio.Task[None]] = []
        try:
            await self._haproxy.start(health_socket=socket)
            JOURNAL.info("the task has started", {"version": self._variables.image_version})
            loops = [
                asyncio.create_task(work)
                for work in (self._update_health(), self._registry.listen(self._discovery), self._measure())
            ]
            return await self._run_until_stopped(loops)
        except HaproxyError as error:
            JOURNAL.error("HAProxy has failed", {"reason": str(error)})
            return Exit.PART_ENDED
        finally:
            for task in loops:
                task.cancel()
            await self._engine.stop(within_seconds=timings.KILL_GRACE)
            await self._haproxy.stop()
            await self._registry.close()
            server.stop()

    async def _run_until_stopped(self, loops: "list[asyncio.Task[None]]") -> Exit:
        """Compete until stopped; if another part ends first, log it and stop as after SIGTERM."""
        contest = asyncio.create_task(self._compete())
        proxy = asyncio.create_task(self._haproxy.ended())
        await asyncio.wait({contest, proxy, *loops}, return_when=asyncio.FIRST_COMPLETED)
        code = Exit.ENDED
        if not contest.done():
            self._stop()
            code = Exit.PART_ENDED if proxy.done() else Exit.FAILED
            if proxy.done():
                JOURNAL.error("HAProxy has exited", {"exit_code": proxy.result()})
            for loop in loops:
                if loop.done() and (error := loop.exception()):
                    JOURNAL.error(
                        "a part of the supervisor has failed", {"trace": "".join(traceback.format_exception(error))}
                    )
        proxy.cancel()
        try:
            await contest
        except PasswordRefusedError:
            JOURNAL.error("the database rejects the password; ECS starts a new task with the current one")
            return Exit.PASSWORD_REFUSED
        if not proxy.done() or proxy.cancelled():
            # Requests that this task forwards to another one.
            await self._haproxy.finish_requests(within_seconds=timings.DRAIN_LIMIT)
        return code

    def _stop(self) -> None:
        JOURNAL.info("the task is stopping")
        self._stopping.set()
        self._publish_health()

    async def _compete(self) -> None:
        """Try to lead until the task is stopping. Raises PasswordRefusedError."""
        compete_from = 0.0
        reachable = True
        while not self._stopping.is_set():
            try:
                session = await database.connect(
                    self._variables.database, application_name=f"yawl-supervisor {self._variables.task_name}"
                )
                await leader_table.set_up(session)
                if not reachable:
                    JOURNAL.info("the database is reachable")
                reachable = True
                end = await self._stand_by(session, compete_from=compete_from)
            except (psycopg.Error, TimeoutError) as error:
                if reachable:
                    JOURNAL.warning("the database is unreachable", {"reason": database.reason(error)})
                reachable = False
                await self._pause(RECONNECT_PAUSE)
                continue
            if end is End.GAVE_UP:
                compete_from = now() + timings.GIVE_UP_PAUSE

    async def _stand_by(self, session: database.Connection, *, compete_from: float) -> End | None:
        """Try for the lock until it is taken, then lead; return how the term ended.

        Returns None when the task is stopping or the session has lasted long enough.
        """
        read_at = 0.0
        login_until = now() + random.uniform(*timings.LOGIN_INTERVAL)  # noqa: S311 - jitter
        try:
            while not self._stopping.is_set() and now() < login_until:
                sent_at = now()
                async with asyncio.timeout(ROUND_LIMIT):
                    taken = sent_at >= compete_from and await leader_table.try_lock(session)
                if taken:
                    return await self._lead(session, sent_at=sent_at)
                interval = timings.ROW_INTERVAL_WITH_REDIS if self._discovery.redis_knows else timings.ROW_INTERVAL
                if now() - read_at >= interval:
                    async with asyncio.timeout(ROUND_LIMIT):
                        self._discovery.update_from_row(await leader_table.read(session))
                    read_at = now()
                await self._follow()
                self._discovery.changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._discovery.changed.wait(), timings.CONTEST_INTERVAL)
            return None
        finally:
            with contextlib.suppress(TimeoutError, psycopg.Error):
                await asyncio.wait_for(session.close(), 1.0)

    async def _lead(self, session: database.Connection, *, sent_at: float) -> End:
        context = LeaderContext(
            variables=self._variables, engine=self._engine, haproxy=self._haproxy, registry=self._registry
        )
        await self._haproxy.send_to(None)
        self._term = Term(context, lock_session=session, sent_at=sent_at)
        self._terms += 1
        try:
            return await self._term.serve(self._stopping)
        finally:
            self._term = None
            self._discovery.update_from_row(None)

    async def _follow(self) -> None:
        """Forward requests to the known leader."""
        leader = self._discovery.leader
        own = leader is not None and leader.address == self._variables.task_address
        await self._haproxy.send_to(None if leader is None or own else Upstream(leader.address, leader.port))

    async def _pause(self, seconds: float) -> None:
        """Wait while the database is unreachable; Redis may still announce a new leader."""
        await self._follow()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _update_health(self) -> None:
        """Update the health until cancelled."""
        while True:
            reason = ""
            if self._term is None and not self._stopping.is_set():
                reason = await self._standby_reason()
            self._publish_health(standby_reason=reason)
            _, waiting = await self._haproxy.requests()
            self._most_waiting = max(self._most_waiting, waiting)
            await asyncio.sleep(timings.HEALTH_INTERVAL)

    async def _standby_reason(self) -> str:
        """Return why this task cannot serve through the leader; empty if it can."""
        leader = self._discovery.leader
        if leader is None:
            return "no task leads"
        verdict = await probe.ask(leader.address, leader.port, timeout_seconds=timings.STANDBY_PROBE_TIMEOUT)
        if verdict.good:
            # Of a new leader, the contest may learn late: it may be waiting for the database.
            forwards = self._haproxy.target == Upstream(leader.address, leader.port)
            return "" if forwards else "requests are not forwarded to the active task yet"
        if leader.engine != "running":
            return f"the active engine is {leader.engine}"
        return f"through the active task: {verdict.reason}"

    def _publish_health(self, standby_reason: str = "") -> None:
        term = self._term
        if term is not None:
            reason = ""
            if not term.lease_valid:
                reason = "the leadership is lost"
            elif self._engine.state != "running":
                reason = f"the engine is {self._engine.state}"
            elif self._engine.last_failure:
                reason = self._engine.last_failure
            health = Health(
                role="active",
                engine=self._engine.state,
                reason="the task is stopping" if self._stopping.is_set() else reason,
                leader_age=term.lease_age,
                epoch=term.epoch,
            )
        else:
            leader = self._discovery.leader
            health = Health(
                role="standby",
                engine=_engine_of(leader, standby_reason),
                reason="the task is stopping" if self._stopping.is_set() else standby_reason,
                leader_age=leader.age if leader else None,
                epoch=leader.epoch if leader else None,
            )
        self._health.set(health)

    async def _measure(self) -> None:
        """Emit metrics once a minute while this task leads, so that there is one line per environment."""
        while True:
            await asyncio.sleep(timings.METRICS_INTERVAL)
            waiting, self._most_waiting = self._most_waiting, 0
            if (term := self._term) is None:
                continue
            values: dict[str, tuple[float, str]] = {
                "QueueDepth": (waiting, "Count"),
                "EngineRestarts": (term.restarts, "Count"),
                "LeaderEpoch": (term.epoch or 0, "None"),
            }
            if self._engine.start_seconds is not None:
                values["EngineStartTime"] = (self._engine.start_seconds, "Seconds")
            metrics.emit(environment=self._variables.environment, values=values)


def _engine_of(leader: Leader | None, reason: str) -> EngineState:
    """Return the active engine's state as a standby reports it."""
    if not reason:
        return "running"
    states: tuple[EngineState, ...] = ("starting", "stopping", "stopped", "failed")
    return next((state for state in states if leader is not None and leader.engine == state), "unreachable")
