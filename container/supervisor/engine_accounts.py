"""Creates the engine's account, and replaces the published passwords of YAWL's default accounts.

YAWL keeps accounts of applications in the table `ClientApps` and of services in `yservices`, each with a password as
its clients send it: Base64 of SHA-1. It makes its default accounts only in a database that has neither, so one account
written before the first start keeps them away indefinitely. Where they are already, their passwords are replaced.
"""

import base64
import hashlib
import secrets
from typing import Final

from psycopg import sql

from supervisor.database import Connection, scalar

MARK: Final = "made by YAWL Delivery"
"""The account's description, which identifies it after its name was changed."""
WELL_KNOWN: Final = (
    "YAWL",
    "yEditor",
    "yMonitor",
    "yDocStore",
    "yYUI",
    "yWorklet",
    "yWSInvoker",
    "yMail",
    "resource",
)
"""Passwords published in YAWL's sources."""


def encoded(password: str) -> str:
    """Return a password as YAWL stores and sends it."""
    return base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()


async def provide_account(connection: Connection, *, owner: str, user: str, password: str) -> None:
    """Create or update the account `user`, and randomize published passwords of other accounts.

    To be called while no engine runs: it reads its accounts when it starts.
    """
    known = [encoded(text) for text in WELL_KNOWN]
    async with connection.transaction():
        await connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        # These are the columns of YAWL's Hibernate mapping, so Hibernate leaves the table unchanged.
        await connection.execute(
            """
            CREATE TABLE IF NOT EXISTS public.clientapps (
                userid varchar(255) NOT NULL PRIMARY KEY, passwordtext varchar(255), documentation varchar(255))
            """
        )
        await connection.execute(
            "DELETE FROM public.clientapps WHERE documentation = %s AND userid <> %s", (MARK, user)
        )
        await connection.execute(
            """
            INSERT INTO public.clientapps (userid, passwordtext, documentation) VALUES (%s, %s, %s)
            ON CONFLICT (userid) DO UPDATE
            SET passwordtext = excluded.passwordtext, documentation = excluded.documentation
            """,
            (user, encoded(password), MARK),
        )
        await connection.execute(
            "UPDATE public.clientapps SET passwordtext = %s WHERE passwordtext = ANY (%s) AND userid <> %s",
            (encoded(secrets.token_urlsafe(32)), known, user),
        )
        if await scalar(connection, "SELECT to_regclass('public.yservices')") is not None:
            await connection.execute(
                "UPDATE public.yservices SET servicepassword = %s WHERE servicepassword = ANY (%s)",
                (encoded(secrets.token_urlsafe(32)), known),
            )
