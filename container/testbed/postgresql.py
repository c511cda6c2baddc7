"""The testbed's PostgreSQL server, configured like RDS: with TLS, and a master user that is not a superuser.

A superuser's trigger records the login, session and time of every case that an engine writes, so tests judge by the
database's records and not by the engines'. It also delays each write slightly, so that faults hit engines in the middle
of a write.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from testbed.certificates import Certificates
from testbed.process_group import ProcessGroup, identity, last_words
from testbed.system_packages import SystemPackages

PORT: Final = 5432
SUPERUSER: Final = "postgres"
START_SECONDS: Final = 60.0
NOTES: Final = """
CREATE SCHEMA notes;
CREATE TABLE notes.writes (
    case_id bigint NOT NULL,
    params text,
    login name NOT NULL,
    application text NOT NULL,
    session text NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE FUNCTION notes.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO notes.writes
    SELECT NEW.id, NEW.params, session_user, activity.application_name,
           activity.pid || ' of ' || activity.backend_start, clock_timestamp()
    FROM pg_stat_get_activity(pg_backend_pid()) AS activity;
    PERFORM pg_sleep(0.03);
    RETURN NULL;
END $$;
CREATE FUNCTION notes.watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE objid = to_regclass('public.cases'))
       AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('public.cases') AND tgname = 'note') THEN
        CREATE TRIGGER note AFTER INSERT ON public.cases FOR EACH ROW EXECUTE FUNCTION notes.note();
    END IF;
END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION notes.watch();
"""


class DatabaseStartError(Exception):
    """The server did not start; the text ends with the server's last output."""


class PostgreSQL:
    """The server and its one database."""

    database: Final = "yawl"
    user: Final = "yawl_master"

    def __init__(self, packages: SystemPackages, *, folder: Path, address: str, certificates: Certificates) -> None:
        self._programs = packages.postgresql
        self._folder = folder
        self._data = folder / "data"
        self._output = folder.parent / "postgresql.log"
        self._certificates = certificates
        self.address = address
        self.port = PORT
        self.password = secrets.token_urlsafe(24)
        self._superuser_password = secrets.token_urlsafe(24)
        self._program: ProcessGroup | None = None
        # The server refuses to run as root.
        self._account = _account() if os.geteuid() == 0 else None

    @property
    def log(self) -> Path:
        """The server's log: one JSON object per line."""
        return self._folder / "server.json"

    async def create(self) -> None:
        """Create the server's files, start it, and create the database and its user."""
        self._folder.mkdir(mode=0o700)
        key = self._folder / "key.pem"
        shutil.copyfile(self._certificates.key, key)
        key.chmod(0o600)
        password = self._folder / "password"
        password.touch(0o600)
        password.write_text(self._superuser_password)
        if self._account is not None:
            for path in (self._folder, key, password):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        await asyncio.to_thread(self._initialize, password)
        password.unlink()
        settings = {
            "listen_addresses": self.address,
            "port": str(self.port),
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": str(self._certificates.certificate),
            "ssl_key_file": str(key),
            "max_connections": "60",
            "shared_buffers": "16MB",
            # Tests kill programs, never the machine: the operating system keeps their writes.
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            # Record commit times, and log failed statements with their sessions.
            "track_commit_timestamp": "on",
            "logging_collector": "on",
            "log_destination": "jsonlog",
            "log_directory": str(self._folder),
            "log_filename": "server",
            "log_rotation_age": "0",
            "log_rotation_size": "0",
        }
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (self._data / "pg_hba.conf").write_text("hostssl all all 127.0.0.0/8 scram-sha-256\n", encoding="utf-8")
        await self.start()
        await self._make_database()

    async def start(self) -> None:
        """Start the server and wait until it accepts connections; raises DatabaseStartError."""
        self._program = await ProcessGroup.start(
            [str(self._programs / "postgres"), "-D", str(self._data)],
            environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            folder=self._folder,
            log=self._output,
            orphaned=signal.SIGQUIT,
            account=self._account,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                while self._program.exit_code is None:
                    try:
                        await (await self.connect(database="postgres")).close()
                    except psycopg.OperationalError:
                        await asyncio.sleep(0.05)
                    else:
                        return
        except TimeoutError:
            pass
        raise DatabaseStartError(f"PostgreSQL does not start: {last_words(self._output)}")

    async def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT terminates sessions; SIGQUIT also makes the next start recover."""
        if self._program is not None:
            await self._program.stop(number)
            self._program = None

    async def connect(self, *, database: str | None = None) -> psycopg.AsyncConnection[TupleRow]:
        """Return a superuser's connection in autocommit."""
        return await psycopg.AsyncConnection.connect(
            host=self.address,
            port=self.port,
            dbname=database or self.database,
            user=SUPERUSER,
            password=self._superuser_password,
            sslmode="verify-full",
            sslrootcert=str(self._certificates.authority),
            connect_timeout=20,
            application_name="testbed",
            autocommit=True,
        )

    def _initialize(self, password: Path) -> None:
        done = subprocess.run(
            [
                *(
                    "setpriv",
                    *identity(self._account),
                    "--",
                    str(self._programs / "initdb"),
                    "--pgdata",
                    str(self._data),
                ),
                *("--username", SUPERUSER, "--pwfile", str(password), "--auth", "scram-sha-256"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DatabaseStartError(f"initdb failed: {done.stderr.strip()}")

    async def _make_database(self) -> None:
        async with await self.connect(database="postgres") as connection:
            await connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                    sql.Identifier(self.user), sql.Literal(self.password)
                )
            )
            await connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(self.database), sql.Identifier(self.user))
            )
        async with await self.connect() as connection:
            await connection.execute(NOTES)


def _account() -> pwd.struct_passwd:
    """Return the account that the server runs as if the testbed runs as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseStartError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
