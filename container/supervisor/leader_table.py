"""The leader's row: the epoch, who leads, and whether the last leader released the lock cleanly.

It lies in a schema of its own. It tells, it does not decide: the lock alone decides who leads.
"""

from dataclasses import dataclass
from typing import Final

from supervisor.database import Connection

LOCK: Final = (0x5941574C, 1)
"""The advisory lock: "YAWL", and the leadership."""
SET_UP_LOCK: Final = (0x5941574C, 2)
"""Held while the schema is created, which several tasks may attempt at once."""


@dataclass(frozen=True, kw_only=True)
class LeaderRow:
    """The row's content; the age is measured by the database's clock."""

    epoch: int
    task: str
    address: str
    port: int
    engine: str
    age_seconds: float


async def set_up(connection: Connection) -> None:
    """Create the schema and its row if they are missing."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", SET_UP_LOCK)
        await connection.execute("CREATE SCHEMA IF NOT EXISTS yawl_delivery")
        await connection.execute(
            """
            CREATE TABLE IF NOT EXISTS yawl_delivery.leader (
                only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                epoch bigint NOT NULL,
                task text NOT NULL,
                address text NOT NULL,
                port integer NOT NULL,
                engine text NOT NULL,
                released boolean NOT NULL,
                heartbeat_at timestamptz NOT NULL
            ) WITH (fillfactor = 50)
            """
        )
        await connection.execute(
            """
            INSERT INTO yawl_delivery.leader (epoch, task, address, port, engine, released, heartbeat_at)
            VALUES (0, '', '', 0, 'stopped', true, clock_timestamp()) ON CONFLICT DO NOTHING
            """
        )


async def try_lock(connection: Connection) -> bool:
    """Return whether this session holds the leadership now."""
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", LOCK)).fetchone()
    return row is not None and bool(row[0])


async def read(connection: Connection) -> LeaderRow | None:
    """Return the leader, or None if there is none or it has released the lock."""
    row = await (
        await connection.execute(
            """
            SELECT epoch, task, address, port, engine, extract(epoch FROM clock_timestamp() - heartbeat_at)::float
            FROM yawl_delivery.leader WHERE NOT released
            """
        )
    ).fetchone()
    if row is None:
        return None
    epoch, task, address, port, engine, age = row
    return LeaderRow(epoch=epoch, task=task, address=address, port=port, engine=engine, age_seconds=max(0.0, age))


async def raise_epoch(connection: Connection, *, task: str, address: str, port: int) -> tuple[int, bool]:
    """Start a new epoch; return it, and whether the previous leader released the lock cleanly.

    Runs on the lock's own session, and so only while that holds the lock.
    """
    row = await (
        await connection.execute(
            """
            UPDATE yawl_delivery.leader AS leader
            SET epoch = before.epoch + 1, task = %s, address = %s, port = %s, engine = 'starting',
                released = false, heartbeat_at = clock_timestamp()
            FROM (SELECT epoch, released FROM yawl_delivery.leader FOR UPDATE) AS before
            RETURNING leader.epoch, before.released
            """,
            (task, address, port),
        )
    ).fetchone()
    if row is None:
        raise LookupError("the leader's row is gone")
    return int(row[0]), bool(row[1])


async def heartbeat(connection: Connection, *, epoch: int, engine: str) -> bool:
    """Write a heartbeat of the leader of `epoch`; return whether it is still the current epoch."""
    cursor = await connection.execute(
        """
        UPDATE yawl_delivery.leader SET heartbeat_at = clock_timestamp(), engine = %s
        WHERE epoch = %s AND NOT released
        """,
        (engine, epoch),
    )
    return cursor.rowcount == 1


async def release(connection: Connection, *, epoch: int) -> None:
    """Record that the engine of `epoch` has stopped, and release the lock."""
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = on")
        await connection.execute(
            "UPDATE yawl_delivery.leader SET released = true, engine = 'stopped' WHERE epoch = %s", (epoch,)
        )
    await connection.execute("SELECT pg_advisory_unlock(%s, %s)", LOCK)
