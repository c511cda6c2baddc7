"""Fencing in the database: each epoch's engine has its own login, and a new leader drops earlier ones.

An engine of an earlier epoch, frozen for an hour and woken, finds its sessions ended and its login gone: it cannot
write, however late it comes, and whatever its clock says. No time-out is needed for that to hold.

    <database>_engine            owns the engine's tables; nobody can log in as it
    <database>_engine_<epoch>    the login of one epoch's engine; acts as <database>_engine

The database user needs CREATEROLE and the database, as the master user of RDS has; it need not be a superuser.
"""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from supervisor import leader_table
from supervisor.database import Connection
from supervisor.log import Journal

JOURNAL = Journal("fencing")


@dataclass(frozen=True, kw_only=True)
class EngineLogin:
    """The login of one epoch's engine."""

    user: str
    password: str = field(repr=False)


def owner_of(database: str) -> str:
    """Return the role that owns the engine's tables."""
    return f"{database}_engine"


def login_of(database: str, epoch: int) -> str:
    """Return the role that the engine of `epoch` logs in as."""
    return f"{owner_of(database)}_{epoch}"


async def begin_term(
    lock_session: Connection, *, database: str, task: str, address: str, port: int
) -> tuple[int, bool, EngineLogin]:
    """Start a new epoch and create its login, in one transaction of the session that holds the lock.

    A leader that loses the lock meanwhile fails here, and one that comes after waits for the row: so whoever has the
    higher epoch sees the login of the lower one. Returns the epoch, whether the former leader released the lock
    cleanly, and the login. Only a verifier of the password goes to the database, so that no log there can hold it.
    """
    async with lock_session.transaction():
        epoch, released = await leader_table.raise_epoch(lock_session, task=task, address=address, port=port)
        owner = sql.Identifier(owner_of(database))
        login = EngineLogin(user=login_of(database, epoch), password=secrets.token_urlsafe(32))
        verifier = lock_session.pgconn.encrypt_password(
            login.password.encode(), login.user.encode(), b"scram-sha-256"
        ).decode()
        await _make_owner(lock_session, database=database)
        user = sql.Identifier(login.user)
        # A database restored from a backup may repeat an epoch.
        for statement in (
            sql.SQL("DROP ROLE IF EXISTS {user}").format(user=user),
            sql.SQL("CREATE ROLE {user} LOGIN NOINHERIT PASSWORD {verifier} IN ROLE {owner}").format(
                user=user, verifier=sql.Literal(verifier), owner=owner
            ),
            sql.SQL("ALTER ROLE {user} IN DATABASE {database} SET role = {owner}").format(
                user=user, database=sql.Identifier(database), owner=owner
            ),
            # Membership of a role allows ending its sessions.
            sql.SQL("GRANT {user} TO CURRENT_USER").format(user=user),
        ):
            await lock_session.execute(statement)
    return epoch, released, login


async def fence(connection: Connection, *, database: str, epoch: int, drop: bool = True) -> int:
    """Revoke the login of every earlier epoch and end its sessions; return the number of sessions.

    `drop` the logins only when no session can appear any more: the sessions of a dropped login can no longer be found.
    Only epochs below `epoch` are touched, so that a leader that has lost the lock without knowing does no harm.
    """
    earlier = await _earlier_logins(connection, database=database, epoch=epoch)
    owner = sql.Identifier(owner_of(database))
    for user in earlier:
        # Another task that led meanwhile may drop the same login.
        with contextlib.suppress(psycopg.errors.UndefinedObject):
            await connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(user)))
            await connection.execute(sql.SQL("REVOKE {} FROM {}").format(owner, sql.Identifier(user)))
    ended = await end_sessions(connection, users=earlier)
    for user in earlier if drop else []:
        try:
            await connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(user)))
        except psycopg.Error as error:
            # It can do nothing any more, so the operator may look into why it cannot be dropped.
            JOURNAL.warning(
                "a login of an earlier epoch could not be dropped", {"role": user, "sqlstate": error.sqlstate}
            )
    if earlier:
        JOURNAL.info("earlier epochs are fenced", {"epoch": epoch, "logins": earlier, "sessions_ended": ended})
    return ended


async def end_sessions(connection: Connection, *, users: list[str]) -> int:
    """End the sessions of `users` and wait until the last one and its last commit are gone; return their number."""
    ended: set[int] = set()
    while processes := await _sessions(connection, users=users):
        for process in processes:
            await connection.execute("SELECT pg_terminate_backend(%s)", (process,))
        ended.update(processes)
        await asyncio.sleep(0.02)
    return len(ended)


async def adopt_tables(connection: Connection, *, database: str) -> None:
    """Transfer the tables of an installation that ran as the database user to the owning role."""
    owner = sql.Identifier(owner_of(database))
    tables = await (
        await connection.execute(
            """
            SELECT c.relname, c.relkind::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
            WHERE c.relnamespace = 'public'::regnamespace AND r.rolname = current_user
              AND (c.relkind IN ('r', 'p', 'v', 'm')
                   OR c.relkind = 'S' AND NOT EXISTS (
                       SELECT 1 FROM pg_depend d
                       WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
            """
        )
    ).fetchall()
    for name, _ in tables:
        # ALTER TABLE takes views and sequences too.
        await connection.execute(sql.SQL("ALTER TABLE public.{} OWNER TO {}").format(sql.Identifier(str(name)), owner))


async def _make_owner(connection: Connection, *, database: str) -> None:
    """Create the owning role if it is missing."""
    owner = sql.Identifier(owner_of(database))
    exists = await (
        await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (owner_of(database),))
    ).fetchone()
    if exists is None:
        await connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(owner))
        await connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    await connection.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(owner))


async def _earlier_logins(connection: Connection, *, database: str, epoch: int) -> list[str]:
    prefix = f"{owner_of(database)}_"
    rows = await (
        await connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (prefix,))
    ).fetchall()
    numbers = [str(name).removeprefix(prefix) for (name,) in rows]
    return [f"{prefix}{number}" for number in numbers if number.isdecimal() and int(number) < epoch]


async def _sessions(connection: Connection, *, users: list[str]) -> list[int]:
    rows = await (
        await connection.execute("SELECT pid FROM pg_stat_activity WHERE usename = ANY (%s)", (users,))
    ).fetchall()
    return [int(process) for (process,) in rows]
