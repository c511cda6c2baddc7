"""Detects that the database has ended a session of the engine, from which an application may never recover.

YAWL's applications keep sessions in pools that stay broken once the server has ended one. The engine shows it by
answering 500 from its next write on. The resource service does not: it goes on answering, and offers no work. So the
loss itself is taken for the failure.

A pool closes sessions too. The server tells the difference, though not session by session: PostgreSQL counts those that
it has terminated or lost, for each database. A session that is gone while that count has risen was ended by the server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from supervisor import database, timings
from supervisor.database import Connection
from supervisor.lease import now

REASON: Final = "the database has ended a session of the engine's"


@dataclass(frozen=True)
class Sessions:
    """A snapshot of the server's statistics."""

    processes: frozenset[int]
    """Ids of the server processes of the engine's sessions."""
    losses: int
    """Sessions of the database that were not ended by their client, since the statistics were reset."""


class LossDetector:
    """Compares snapshots; the caller supplies the time."""

    def __init__(self) -> None:
        self._before: Sessions | None = None
        self._gone_at: float | None = None
        self._counted_at: float | None = None

    def lost(self, sessions: Sessions, *, at: float) -> bool:
        """Whether a session was ended by the server, `at` seconds on the caller's clock."""
        before, self._before = self._before, sessions
        if before is None:
            return False
        if before.processes - sessions.processes:
            self._gone_at = at
        if sessions.losses > before.losses:
            self._counted_at = at
        if self._gone_at is None or self._counted_at is None:
            return False
        # The two may be seen apart: statistics of PostgreSQL 14 arrive half a second late.
        return abs(self._gone_at - self._counted_at) <= timings.SESSION_LOSS_WINDOW


async def read(connection: Connection, *, user: str) -> Sessions:
    """Return the sessions of `user`, and how many of the database's were lost."""
    cursor = await connection.execute(
        """
        SELECT coalesce((SELECT array_agg(pid) FROM pg_stat_activity WHERE usename = %s), ARRAY[]::integer[]),
               (SELECT sessions_abandoned + sessions_fatal + sessions_killed FROM pg_stat_database
                WHERE datname = current_database())
        """,
        (user,),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("the database has no row in pg_stat_database")
    return Sessions(frozenset(row[0]), int(row[1] or 0))


async def first_loss(connect: Callable[[], Awaitable[Connection]], *, user: str) -> str:
    """Wait until a session of `user` is lost; return that as a reason.

    While the database cannot be asked it says nothing: whether this task still leads, the lock's session decides.
    """
    detector = LossDetector()
    while True:
        try:
            async with await connect() as connection:
                while True:
                    async with asyncio.timeout(timings.LEASE):
                        sessions = await read(connection, user=user)
                    if detector.lost(sessions, at=now()):
                        return REASON
                    await asyncio.sleep(timings.SESSION_INTERVAL)
        except (database.DatabaseError, database.PasswordRefusedError, TimeoutError):
            await asyncio.sleep(timings.SESSION_INTERVAL)
