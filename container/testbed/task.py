"""One task of the container: `python -m supervisor`, its child processes, and its proxies to both databases."""

import contextlib
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from testbed.process_group import ProcessGroup
from testbed.proxy import Proxy

PORT: Final = 8080
ENGINE_PORT: Final = 8082
"""The engine's port; in the container only its own task reaches it."""
STOP_SECONDS: Final = 60.0
"""Seconds that ECS allows a task between SIGTERM and SIGKILL."""


class Task:
    """A task with its own address."""

    def __init__(
        self,
        *,
        name: str,
        address: str,
        folder: Path,
        variables: Mapping[str, str],
        database: Proxy,
        redis: Proxy,
    ) -> None:
        self.name = name
        self.address = address
        self.log = folder / "log"
        self.database = database
        self.redis = redis
        self._folder = folder
        self.variables = variables
        self._program: ProcessGroup | None = None

    async def start(self) -> None:
        """Start the task, without waiting until it is healthy."""
        self._folder.mkdir(mode=0o700)
        work = self._folder / "work"
        work.mkdir(mode=0o700)
        await self.database.open()
        await self.redis.open()
        self._program = await ProcessGroup.start(
            [sys.executable, "-m", "supervisor"],
            environment={
                **self.variables,
                "TASK_NAME": self.name,
                "TASK_ADDRESS": self.address,
                "BIND_ADDRESS": self.address,
                "WORK_FOLDER": str(work),
                "YAWL_DB_HOST": self.address,
                "YAWL_DB_PORT": str(self.database.port),
                "REDIS_HOST": self.address,
                "REDIS_PORT": str(self.redis.port),
            },
            folder=self._folder,
            log=self.log,
        )

    @property
    def running(self) -> bool:
        """Whether its supervisor runs."""
        return self._program is not None and self._program.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """The supervisor's exit code; None while it runs."""
        return None if self._program is None else self._program.exit_code

    async def ended(self) -> int:
        """Wait until the supervisor exits; return its exit code."""
        return await self._started.ended()

    def send(self, number: signal.Signals) -> None:
        """Send the supervisor a signal; SIGTERM is what ECS sends."""
        self._started.send(number)

    def send_to_all(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the task, as when its machine stops."""
        self._started.send_to_group(number)

    def engine(self) -> int | None:
        """Return the process id of its Tomcat, or None if it is not running."""
        for process in _members(self._started.process_id):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{process}/exe").readlink().name == "java":
                    return process
        return None

    def processes(self) -> list[int]:
        """Return the ids of all running processes of the task."""
        return _members(self._started.process_id)

    async def end(self) -> None:
        """Kill all processes of the task and close its proxies."""
        if self._program is not None:
            self.send_to_all(signal.SIGKILL)
            await self._program.stop(signal.SIGKILL)
        await self.database.cut()
        await self.redis.cut()

    @property
    def _started(self) -> ProcessGroup:
        if self._program is None:
            raise RuntimeError(f"the task {self.name} has not been started")
        return self._program


def _members(group: int) -> list[int]:
    """Return the ids of a group's running processes."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                state, _, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(its_group) == group and state != "Z":
                    members.append(int(entry.name))
    return members
