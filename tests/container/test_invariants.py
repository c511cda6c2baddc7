"""The invariant checker can fail: it reports a lost row and two engines that write at the same time."""

import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.container.conftest import LoopThread
from tests.container.invariants import check_invariants
from tests.container.load import Load, Outcome, Write
from tests.container.service import Service

PASSWORD = "throwaway"


class Engines:
    """Write with the logins of two epochs, as engines do."""

    def __init__(self, service: Service) -> None:
        self._database = service.database
        self.load = Load(service.testbed)

    async def create(self) -> None:
        async with await self._database.connect() as connection:
            await connection.execute("CREATE TABLE cases (id bigint PRIMARY KEY, params text)")
            for epoch in (1, 2):
                login = sql.Identifier(f"yawl_engine_{epoch}")
                await connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(login, sql.Literal(PASSWORD))
                )
                await connection.execute(sql.SQL("GRANT ALL ON cases TO {}").format(login))

    async def drop(self) -> None:
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

    async def write(self, connection: psycopg.AsyncConnection, key: int) -> None:
        """Write a case as an accepted write of a client."""
        mark = f"{self.load.prefix}{key}"
        await connection.execute("INSERT INTO cases VALUES (%s, %s)", (key, mark))
        self.load.writes.append(
            Write(mark=mark, task="task", sent_at=0, answered_at=0, outcome=Outcome.ACCEPTED, output=str(key))
        )

    async def execute(self, statement: str) -> None:
        async with await self._database.connect() as connection:
            await connection.execute(statement.encode())


async def writes_in_turn(engines: Engines) -> None:
    for epoch in (1, 2):
        async with engines.session(epoch) as connection:
            for key in (1, 2):
                await engines.write(connection, 10 * epoch + key)


async def a_row_is_lost(engines: Engines) -> None:
    await writes_in_turn(engines)
    await engines.execute("DELETE FROM cases WHERE id = 12")


async def two_engines_write(engines: Engines) -> None:
    async with engines.session(1) as one, engines.session(2) as other:
        await engines.write(one, 1)
        await engines.write(other, 2)
        await engines.write(one, 3)


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        (writes_in_turn, None),
        (a_row_is_lost, "accepted, but not in the database"),
        (two_engines_write, "two engines wrote at the same time"),
    ],
)
def test_checker_reports_each_violation(
    service: Service,
    loop_thread: LoopThread,
    steps: Callable[[Engines], Coroutine[Any, Any, None]],
    verdict: str | None,
) -> None:
    async def check() -> str | None:
        engines = Engines(service)
        await engines.create()
        try:
            await steps(engines)
            await check_invariants(service.testbed, engines.load)
        except AssertionError as error:
            return str(error)
        finally:
            await engines.drop()
        return None

    failure = loop_thread.run(check())
    assert failure is None if verdict is None else re.search(verdict, failure or "")
