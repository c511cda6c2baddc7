"""A term of leadership on a real PostgreSQL with a fake engine."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from supervisor import database, leader_table, timings
from supervisor.database import Connection, PasswordRefusedError
from supervisor.discovery import LeaderRegistry
from supervisor.engine import Engine
from supervisor.haproxy import Haproxy
from supervisor.leadership import End, LeaderContext, Term
from supervisor.lease import now
from supervisor.probe import Verdict
from tests.container.scratch_postgresql import PROGRAMS, Cluster
from tests.unit.container.supervisor_task import variables

DELAY = 0.6
NEVER = 600.0
"""Seconds, longer than any test: whatever ends earlier has not waited for it, even on a slow machine."""
pytestmark = pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL's programs are not installed")


class NoEngine:
    """A fake engine that fails when a test sets `failure`."""

    def __init__(self) -> None:
        self.state = "stopped"
        self.last_failure = ""
        self.start_exception = ""
        self.started_at: list[float] = []
        self.failure = asyncio.Event()

    async def start(self, **_: object) -> Verdict:
        self.started_at.append(now())
        self.state = "running"
        return Verdict()

    async def watch(self) -> str:
        await self.failure.wait()
        return "told to fail"

    async def stop(self, *, within_seconds: float, then: str = "stopped") -> None:
        assert within_seconds > 0
        self.state = then


class NoOutside:
    """Fake HAProxy and Redis: accepts every call."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        async def call(**_: object) -> None:
            self.calls.append(name)

        return call


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timings, "FENCING_DELAY", DELAY)
    monkeypatch.setattr(timings, "RESTART_PAUSE", 0.01)


def in_a_term(
    cluster: Cluster,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[["Serving"], Awaitable[None]],
    *,
    predecessor_released: bool = True,
) -> None:
    """Run `work` during a term, after one that was released cleanly or not."""

    async def connect(*_: object, **__: object) -> Connection:
        return await cluster.session()

    async def main() -> None:
        session = await cluster.session()
        await leader_table.set_up(session)
        if not predecessor_released:
            await leader_table.raise_epoch(session, task="before", address="", port=0)
        sent_at = now()
        assert await leader_table.try_lock(session)
        serving = Serving(cluster, folder, session, sent_at)
        try:
            await asyncio.wait_for(work(serving), 60)
        finally:
            serving.stopping.set()
            await asyncio.wait({serving.end}, timeout=30)

    monkeypatch.setattr(database, "connect", connect)
    cluster.make_database()
    asyncio.run(main())


class Serving:
    """A running term."""

    def __init__(self, cluster: Cluster, folder: Path, session: Connection, sent_at: float) -> None:
        self.cluster = cluster
        self.session_id = session.info.backend_pid
        self.engine = NoEngine()
        self.outside = NoOutside()
        self.stopping = asyncio.Event()
        self.began_at = now()
        context = LeaderContext(
            variables=variables(folder),
            engine=cast(Engine, self.engine),
            haproxy=cast(Haproxy, self.outside),
            registry=cast(LeaderRegistry, self.outside),
        )
        self.term = Term(context, lock_session=session, sent_at=sent_at)
        self.end = asyncio.create_task(self.term.serve(self.stopping))

    async def until_started(self, times: int = 1) -> None:
        async with asyncio.timeout(300):
            while len(self.engine.started_at) < times:  # noqa: ASYNC110 - the engine of these tests has no event
                await asyncio.sleep(0.01)

    def released(self) -> bool:
        """Whether the leader's row says that the lock was released cleanly."""
        with self.cluster.connect("yawl", "owner-secret") as session:
            row = session.execute("SELECT released FROM yawl_delivery.leader").fetchone()
        assert row is not None
        return bool(row[0])

    def lock_is_free(self) -> bool:
        with self.cluster.connect("yawl", "owner-secret") as session:
            row = session.execute("SELECT pg_try_advisory_lock(%s, %s)", leader_table.LOCK).fetchone()
        return row == (True,)


def test_engine_waits_for_the_fencing_delay(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(serving: Serving) -> None:
        await serving.until_started()
        assert serving.engine.started_at[0] - serving.began_at >= DELAY

    in_a_term(cluster, tmp_path, monkeypatch, work, predecessor_released=False)


def test_engine_starts_at_once_after_a_clean_release(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "FENCING_DELAY", NEVER)

    async def work(serving: Serving) -> None:
        await serving.until_started()
        serving.stopping.set()
        assert await serving.end is End.HANDED_OVER
        assert serving.released()
        assert serving.lock_is_free()
        assert serving.outside.calls.index("finish_requests") < serving.outside.calls.index("withdraw")

    in_a_term(cluster, tmp_path, monkeypatch, work)


def test_stopping_within_the_fencing_delay_is_not_a_clean_release(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(serving: Serving) -> None:
        while serving.term.epoch is None:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
        serving.stopping.set()
        assert await serving.end is End.HANDED_OVER
        assert not serving.engine.started_at
        assert not serving.released()
        assert serving.lock_is_free()

    in_a_term(cluster, tmp_path, monkeypatch, work, predecessor_released=False)


def test_losing_the_locks_session_ends_the_term_at_once(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "LEASE", NEVER)

    async def work(serving: Serving) -> None:
        await serving.until_started()
        with cluster.connect("yawl", "owner-secret") as session:
            session.execute("SELECT pg_terminate_backend(%s)", (serving.session_id,))
        assert await serving.end is End.LOST
        assert serving.engine.state == "stopped"
        assert serving.outside.calls[-1] == "cut_off"
        assert not serving.released()

    in_a_term(cluster, tmp_path, monkeypatch, work)


def test_later_epoch_ends_the_term(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(serving: Serving) -> None:
        await serving.until_started()
        with cluster.connect("yawl", "owner-secret") as session:
            session.execute("UPDATE yawl_delivery.leader SET epoch = epoch + 1")
        assert await serving.end is End.LOST

    in_a_term(cluster, tmp_path, monkeypatch, work)


def test_repeated_engine_failures_end_the_term(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(serving: Serving) -> None:
        serving.engine.failure.set()
        assert await serving.end is End.GAVE_UP
        assert len(serving.engine.started_at) == timings.ENGINE_STARTS
        assert serving.released()

    in_a_term(cluster, tmp_path, monkeypatch, work)


def test_rotated_password_ends_the_term(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(serving: Serving) -> None:
        await serving.until_started()

        async def refused(*_: object, **__: object) -> Connection:
            raise PasswordRefusedError

        monkeypatch.setattr(database, "connect", refused)
        serving.engine.failure.set()
        with pytest.raises(PasswordRefusedError):
            await serving.end
        assert serving.lock_is_free()

    in_a_term(cluster, tmp_path, monkeypatch, work)
