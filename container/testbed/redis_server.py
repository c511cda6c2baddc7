"""The testbed's Redis server, configured like ElastiCache: TLS only, with a password, without persistence."""

import asyncio
import os
import secrets
import signal
from pathlib import Path
from typing import Final

import redis.asyncio
from redis.exceptions import RedisError

from testbed.certificates import Certificates
from testbed.process_group import ProcessGroup, last_words
from testbed.system_packages import SystemPackages

PORT: Final = 6379
START_SECONDS: Final = 30.0


class RedisStartError(Exception):
    """The server did not start."""


class RedisServer:
    """The server."""

    def __init__(self, packages: SystemPackages, *, folder: Path, address: str, certificates: Certificates) -> None:
        self._binary = packages.redis
        self._folder = folder
        self._log = folder.parent / "redis.log"
        self._certificates = certificates
        self.address = address
        self.port = PORT
        self.password = secrets.token_urlsafe(24)
        self._program: ProcessGroup | None = None

    async def start(self) -> None:
        """Start the empty server and wait until it responds; raises RedisStartError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": self.address,
            "port": "0",
            "tls-port": str(self.port),
            "tls-cert-file": str(self._certificates.certificate),
            "tls-key-file": str(self._certificates.key),
            "tls-ca-cert-file": str(self._certificates.authority),
            "tls-auth-clients": "no",
            "requirepass": self.password,
            "dir": str(self._folder),
            "save": '""',
            "appendonly": "no",
        }
        configuration = self._folder / "redis.conf"
        configuration.touch(0o600)
        configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._program = await ProcessGroup.start(
            [str(self._binary), str(configuration)],
            environment={"PATH": os.defpath},
            folder=self._folder,
            log=self._log,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                while self._program.exit_code is None:
                    try:
                        await self._ask("PING")
                    except (RedisError, OSError):
                        await asyncio.sleep(0.05)
                    else:
                        return
        except TimeoutError:
            pass
        raise RedisStartError(f"Redis does not start: {last_words(self._log)}")

    async def stop(self) -> None:
        """Stop the server; its data is lost."""
        if self._program is not None:
            await self._program.stop(signal.SIGTERM)
            self._program = None

    async def flush(self) -> None:
        """Delete all data."""
        await self._ask("FLUSHALL")

    async def _ask(self, command: str) -> None:
        async with redis.asyncio.Redis(
            host=self.address,
            port=self.port,
            password=self.password,
            ssl=True,
            ssl_ca_certs=str(self._certificates.authority),
        ) as client:
            await client.execute_command(command)
