"""The judge itself: what must not happen turns it red when it is made to happen, in a database without any engine."""

import dataclasses
import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.container.conftest import Stage
from tests.container.invariants import check_invariants
from tests.container.load import Load, Outcome, Write
from tests.container.service import Service

PASSWORD = "throwaway"


class Engines:
    """Logins that write as engines of several epochs do."""

    def __init__(self, service: Service) -> None:
        self._database = service.database
        self.load = Load(service.testbed)

    async def make(self) -> None:
        async with await self._database.connect() as connection:
            await connection.execute("CREATE TABLE cases (id bigint PRIMARY KEY, params text)")
            for epoch in (1, 2):
                login = sql.Identifier(f"yawl_engine_{epoch}")
                await connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(login, sql.Literal(PASSWORD))
                )
                await connection.execute(sql.SQL("GRANT ALL ON cases TO {}").format(login))

    async def forget(self) -> None:
        async with await self._database.connect() as connection:
            await connection.execute("DROP TABLE cases")
            await connection.execute("TRUNCATE notes.writes")
            await connection.execute("DROP ROLE yawl_engine_1, yawl_engine_2")

    @asynccontextmanager
    async def session(self, epoch: int) -> AsyncGenerator[psycopg.AsyncConnection, None]:
        connection = await psycopg.AsyncConnection.connect(
            host=self._database.address,
            port=self._database.port,
            dbname=self._database.database,
            user=f"yawl_engine_{epoch}",
            password=PASSWORD,
            sslmode="require",
            autocommit=True,
        )
        async with connection:
            yield connection

    async def write(self, connection: psycopg.AsyncConnection, key: int, mark: str = "") -> None:
        """Write a case, and have a client hear of it."""
        mark = self.load.prefix + (mark or str(key))
        await connection.execute("INSERT INTO cases VALUES (%s, %s)", (key, mark))
        self.load.writes.append(
            Write(mark=mark, task="task", sent_at=0, answered_at=0, outcome=Outcome.ACCEPTED, said=str(key))
        )

    async def execute(self, statement: str) -> None:
        async with await self._database.connect() as connection:
            await connection.execute(statement.encode())


async def one_after_the_other(engines: Engines) -> None:
    for epoch in (1, 2):
        async with engines.session(epoch) as connection:
            for key in (1, 2):
                await engines.write(connection, 10 * epoch + key)


async def a_lost_row(engines: Engines) -> None:
    await one_after_the_other(engines)
    await engines.execute("DELETE FROM cases WHERE id = 12")


async def another_key_than_was_told(engines: Engines) -> None:
    await one_after_the_other(engines)
    await engines.execute("UPDATE cases SET id = 99 WHERE id = 12")


async def a_write_done_twice(engines: Engines) -> None:
    async with engines.session(1) as connection:
        await engines.write(connection, 1, "same")
        await engines.write(connection, 2, "same")


async def one_key_for_two(engines: Engines) -> None:
    await one_after_the_other(engines)
    first, *_ = engines.load.writes
    engines.load.writes.append(first)


async def a_write_that_was_refused(engines: Engines) -> None:
    await one_after_the_other(engines)
    engines.load.writes[0] = dataclasses.replace(engines.load.writes[0], outcome=Outcome.REFUSED)


async def two_at_a_time(engines: Engines) -> None:
    async with engines.session(1) as one, engines.session(2) as other:
        await engines.write(one, 1)
        await engines.write(other, 2)
        await engines.write(one, 3)


async def a_commit_while_another_writes(engines: Engines) -> None:
    async with engines.session(1) as one, engines.session(2) as other, one.transaction():
        await engines.write(one, 1)
        await engines.write(other, 2)


async def an_earlier_epoch_after_a_later_one(engines: Engines) -> None:
    for epoch in (2, 1):
        async with engines.session(epoch) as connection:
            await engines.write(connection, epoch)


async def a_key_that_is_there_already(engines: Engines) -> None:
    await one_after_the_other(engines)
    async with engines.session(2) as connection:
        with pytest.raises(psycopg.errors.UniqueViolation):
            await engines.write(connection, 11)


async def an_engine_that_forgot(engines: Engines) -> None:
    await one_after_the_other(engines)
    forgot = dataclasses.replace(
        engines.load.writes[0],
        outcome=Outcome.UNCERTAIN,
        said="<failure>No specification found with ID = UID</failure>",
    )
    engines.load.writes.append(forgot)


# The server's log is asked since its beginning, so what leaves its trace there comes last.
@pytest.mark.parametrize(
    ("course", "verdict"),
    [
        (one_after_the_other, None),
        (a_lost_row, "accepted, and not in the database"),
        (another_key_than_was_told, "accepted, and not in the database"),
        (a_write_done_twice, "written twice"),
        (one_key_for_two, "one key told twice"),
        (a_write_that_was_refused, "refused, and yet written"),
        (two_at_a_time, "two engines have written at a time"),
        (a_commit_while_another_writes, "two engines have written at a time"),
        (an_earlier_epoch_after_a_later_one, "two engines have written at a time"),
        (an_engine_that_forgot, "has not read what was there"),
        (a_key_that_is_there_already, "a key was made that was there already"),
    ],
)
def test_a_verdict(
    service: Service, stage: Stage, course: Callable[[Engines], Coroutine[Any, Any, None]], verdict: str | None
) -> None:
    async def judged() -> str | None:
        engines = Engines(service)
        await engines.make()
        try:
            await course(engines)
            await check_invariants(service.testbed, engines.load)
        except AssertionError as error:
            return str(error)
        finally:
            await engines.forget()
        return None

    said = stage.play(judged())
    assert said is None if verdict is None else re.search(verdict, said or "")
