"""Connections to PostgreSQL, with verified TLS and short timeouts to detect a lost peer."""

from typing import Final, LiteralString

import psycopg
from psycopg.rows import TupleRow

from supervisor import timings
from supervisor.variables import DatabaseVariables

Connection = psycopg.AsyncConnection[TupleRow]
DatabaseError: Final = psycopg.Error

CONNECT_TIMEOUT: Final = 3
"""Whole seconds per address of the host."""
REFUSED: Final = ("password authentication failed", "is not permitted to log in")


class PasswordRefusedError(Exception):
    """The database rejects the user or the password."""


async def connect(variables: DatabaseVariables, *, application_name: str) -> Connection:
    """Return a new connection in autocommit.

    Raises PasswordRefusedError, and psycopg.Error when the database cannot be reached.
    """
    server_limit = int(timings.SERVER_IDLE_LIMIT * 1000)
    try:
        return await psycopg.AsyncConnection.connect(
            host=variables.host,
            port=variables.port,
            dbname=variables.name,
            user=variables.user,
            password=variables.password,
            sslmode="verify-full",
            sslrootcert=str(variables.ca_bundle),
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT,
            target_session_attrs="read-write",
            keepalives=1,
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=2,
            tcp_user_timeout=int(timings.LEASE * 1000),
            # If this task is silent, the server ends the session, which releases the lock.
            options=" ".join(
                (
                    f"-c idle_session_timeout={server_limit}",
                    f"-c idle_in_transaction_session_timeout={server_limit}",
                    f"-c statement_timeout={server_limit}",
                    f"-c tcp_user_timeout={server_limit}",
                    "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2",
                    "-c client_min_messages=warning",
                )
            ),
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        if any(text in str(error) for text in REFUSED):
            raise PasswordRefusedError from None
        raise


def reason(error: BaseException) -> str:
    """Return an error's first line; libpq includes host and user, but never a password."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


async def scalar(connection: Connection, query: LiteralString, *parameters: object) -> object:
    """Return the first column of the first row, or None."""
    row = await (await connection.execute(query, parameters)).fetchone()
    return None if row is None else row[0]
