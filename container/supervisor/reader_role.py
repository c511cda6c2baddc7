"""The role that operators read the database with: it reads everything, writes nothing, and has no password."""

from typing import Final

import psycopg
from psycopg import sql

from supervisor.database import Connection
from supervisor.log import Journal

JOURNAL = Journal("reader_role")

IAM_LOGIN: Final = "rds_iam"
"""Membership of this role of RDS makes IAM tokens the only login ("IAM database authentication", RDS User Guide)."""


async def provide(connection: Connection, *, role: str) -> None:
    """Create the role if it is missing. A failure is logged: the engine does not depend on it."""
    try:
        found = await (
            await connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", ([role, IAM_LOGIN],))
        ).fetchall()
        names = {str(name) for (name,) in found}
        if role in names:
            return
        if IAM_LOGIN not in names:
            JOURNAL.warning("operators cannot read: the database has no IAM logins", {"missing": IAM_LOGIN})
            return
        user = sql.Identifier(role)
        async with connection.transaction():
            for statement in (
                sql.SQL("CREATE ROLE {} LOGIN IN ROLE pg_read_all_data"),
                sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on"),
                # Last: from here on, a token is the only way in.
                sql.SQL("GRANT rds_iam TO {}"),
            ):
                await connection.execute(statement.format(user))
        JOURNAL.info("operators can read", {"role": role})
    except psycopg.Error as error:
        JOURNAL.warning("the operators' role could not be created", {"role": role, "sqlstate": error.sqlstate})
