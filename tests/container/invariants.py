"""What must hold whatever happens, judged from what the database knows and what clients were told."""

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
        """The epoch that its login belongs to."""
        return int(self.login.rpartition("_")[2])


async def duplicate_keys(database: PostgreSQL) -> int:
    """Return how many statements the server refused, since it was made, for a key that was there already."""
    marker = f"judged {secrets.token_hex(8)}"
    async with await database.connect() as connection:
        await connection.execute(sql.SQL("DO $$BEGIN RAISE LOG {}; END$$").format(sql.Literal(marker)))
    # The server writes its log by a process of its own: what came before is there once the marker is.
    async with asyncio.timeout(LOG_SECONDS):
        while marker not in (log := await asyncio.to_thread(database.log.read_text, encoding="utf-8")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    marked = [line for line in log.splitlines() if DUPLICATE_KEY in line]
    return sum(json.loads(line).get("state_code") == DUPLICATE_KEY for line in marked)


async def writers(database: PostgreSQL) -> list[Writer]:
    """Return every session that wrote, in the order of their first writes."""
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


async def made_without_answer(testbed: Testbed, load: Load) -> list[Write]:
    """Return the writes that are in the database, but whose clients were not told so."""
    marks = [write.mark for write in load.of(Outcome.UNCERTAIN)]
    async with await testbed.database.connect() as connection:
        rows = await (await connection.execute("SELECT params FROM cases WHERE params = ANY (%s)", (marks,))).fetchall()
    made = {str(mark) for (mark,) in rows}
    return [write for write in load.of(Outcome.UNCERTAIN) if write.mark in made]


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
    assert not lost, f"accepted, and not in the database under the key that was told: {lost}"
    told = [case for case, times in Counter(write.case for write in load.accepted).items() if times > 1]
    assert not told, f"one key told twice: {told}"
    written = [write for write in load.of(Outcome.REFUSED) if write.mark in found]
    assert not written, f"refused, and yet written: {written}"
    forgot = [write for write in load.writes if ENGINE_LOST_ITS_DATA in write.said]
    assert not forgot, f"an engine has not read what was there: {forgot}"
    duplicates = await duplicate_keys(testbed.database)
    assert not duplicates, f"a key was made that was there already: {duplicates} times"
    overlap = [
        (former, later)
        for former, later in itertools.pairwise(await writers(testbed.database))
        if former.last >= later.first or former.epoch > later.epoch
    ]
    assert not overlap, f"two engines have written at a time: {overlap}"
