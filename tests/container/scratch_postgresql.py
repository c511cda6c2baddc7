"""A PostgreSQL server for tests; needs Debian's package `postgresql`."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

import psycopg

from supervisor.database import Connection

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
ADMIN = "postgres"


class Cluster:
    """A PostgreSQL server on the loopback interface."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        # PostgreSQL refuses to run as root, which owns the folders in a container.
        self._user = pwd.getpwnam("nobody").pw_name if os.getuid() == 0 else None
        folder.chmod(0o755)
        self._data.mkdir()
        password = folder / "password"
        password.write_text("admin-secret")
        if self._user:
            shutil.chown(self._data, self._user)
        self._data.chmod(0o700)
        options = ("--auth=scram-sha-256", f"--pwfile={password}", f"--username={ADMIN}", "--no-sync")
        self._run("initdb", f"--pgdata={self._data}", *options)

    def start(self) -> None:
        settings = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "
            "-c log_statement=all -c log_min_messages=warning"
        )
        self._run(
            "pg_ctl", f"--pgdata={self._data}", "--wait", f"--options={settings}", f"--log={self._data}/log", "start"
        )
        with self.connect(ADMIN, "admin-secret", database="postgres") as session:
            session.execute("CREATE ROLE yawl LOGIN CREATEROLE PASSWORD 'owner-secret'")
            session.execute("GRANT yawl TO CURRENT_USER")

    def make_database(self) -> None:
        with self.connect(ADMIN, "admin-secret", database="postgres") as session:
            session.execute("DROP DATABASE IF EXISTS yawl WITH (FORCE)")
            session.execute("CREATE DATABASE yawl OWNER yawl")

    def stop(self) -> None:
        self._run("pg_ctl", f"--pgdata={self._data}", "--mode=immediate", "stop")

    def log(self) -> str:
        return (self._data / "log").read_text()

    def connect(self, user: str, password: str, *, database: str = "yawl") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname=database, autocommit=True
        )

    async def session(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            host="127.0.0.1", port=self.port, user="yawl", password="owner-secret", dbname="yawl", autocommit=True
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(PROGRAMS[-1] / program), *arguments]
        subprocess.run(command, check=True, user=self._user, cwd="/", stdout=subprocess.DEVNULL)
