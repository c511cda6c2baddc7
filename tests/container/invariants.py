"""Invariants of every fault, checked in the database and against the responses that clients got."""

import asyncio
import itertools
import json
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import sql

from testbed.postgresql import PostgreSQL
from testbed.testbed import Testbed
from tests.container.load import Load, Outcome, Write

DUPLICATE_KEY: Final = "23505"
LOG_SECONDS: Final = 30.0
ENGINE_LOST_ITS_DATA: Final = "No specification found"


@dataclass(frozen=True, kw_only=True)
class Writer:
    """One engine's session at the database, from its first write to its last commit."""

    session: str
    login: str
    application: str
    first: datetime
    last: datetime

    @property
    def epoch(self) -> int:
        """The epoch of its login."""
        return int(self.login.rpartition("_")[2])


async def duplicate_keys(database: PostgreSQL) -> int:
    """Return how many statements failed with a duplicate key since the server was created."""
    marker = f"checked {secrets.token_hex(8)}"
    async with await database.connect() as connection:
        await connection.execute(sql.SQL("DO $$BEGIN RAISE LOG {}; END$$").format(sql.Literal(marker)))
    # A separate process writes the log: earlier lines are in it once the marker is.
    async with asyncio.timeout(LOG_SECONDS):
        while marker not in (log := await asyncio.to_thread(database.log.read_text, encoding="utf-8")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    marked = [line for line in log.splitlines() if DUPLICATE_KEY in line]
    return sum(json.loads(line).get("state_code") == DUPLICATE_KEY for line in marked)


async def writers(database: PostgreSQL) -> list[Writer]:
    """Return all sessions that wrote, ordered by first write."""
    async with await database.connect() as connection:
        rows = await (
            await connection.execute(
                """
                SELECT session, login::text, application, min(written_at), max(pg_xact_commit_timestamp(xmin))
                FROM notes.writes GROUP BY session, login, application ORDER BY 4
                """
            )
        ).fetchall()
    return [
        Writer(session=session, login=login, application=application, first=first, last=last)
        for session, login, application, first, last in rows
    ]


async def uncertain_but_written(testbed: Testbed, load: Load) -> list[Write]:
    """Return the writes that are in the database although their clients got no response."""
    marks = [write.mark for write in load.of(Outcome.UNCERTAIN)]
    async with await testbed.database.connect() as connection:
        rows = await (await connection.execute("SELECT params FROM cases WHERE params = ANY (%s)", (marks,))).fetchall()
    written = {str(mark) for (mark,) in rows}
    return [write for write in load.of(Outcome.UNCERTAIN) if write.mark in written]


async def check_invariants(testbed: Testbed, load: Load) -> None:
    """Raise AssertionError unless no row was lost or written twice, and one engine at a time wrote."""
    async with await testbed.database.connect() as connection:
        rows = await (
            await connection.execute("SELECT params, id FROM cases WHERE starts_with(params, %s)", (load.prefix,))
        ).fetchall()
    found = {str(mark): int(case) for mark, case in rows}
    twice = [mark for mark, times in Counter(mark for mark, _ in rows).items() if times > 1]
    assert not twice, f"written twice: {twice}"
    lost = [write for write in load.accepted if found.get(write.mark) != write.case]
    assert not lost, f"accepted, but not in the database under the key that the client got: {lost}"
    same = [case for case, times in Counter(write.case for write in load.accepted).items() if times > 1]
    assert not same, f"two clients got the same key: {same}"
    written = [write for write in load.of(Outcome.REFUSED) if write.mark in found]
    assert not written, f"refused, but in the database: {written}"
    forgot = [write for write in load.writes if ENGINE_LOST_ITS_DATA in write.output]
    assert not forgot, f"an engine started without the existing data: {forgot}"
    duplicates = await duplicate_keys(testbed.database)
    assert not duplicates, f"an engine used an existing key {duplicates} times"
    overlap = [
        (former, later)
        for former, later in itertools.pairwise(await writers(testbed.database))
        if former.last >= later.first or former.epoch > later.epoch
    ]
    assert not overlap, f"two engines wrote at the same time: {overlap}"
