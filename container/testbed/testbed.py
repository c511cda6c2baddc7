"""A testbed: the databases and any number of tasks."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from testbed import applications, certificates, client, system_packages
from testbed.addresses import AddressBlock
from testbed.applications import Applications, StartCost
from testbed.client import UnansweredError, UnreachableError
from testbed.postgresql import PostgreSQL
from testbed.proxy import Proxy
from testbed.redis_server import RedisServer
from testbed.task import PORT, Task

CONTAINER: Final = Path(__file__).parents[1]
HEALTH_PATH: Final = "/resourceService/"
HEALTHY_SECONDS: Final = 120.0
LOOK_INTERVAL: Final = 0.25
"""Seconds between two health checks; tasks determine their health once a second."""
LOOK_SECONDS: Final = 2.0


class UnhealthyError(Exception):
    """Tasks did not become healthy in time; the text has their last responses."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The engine's one account."""

    username: str
    password: str = field(repr=False)


class Testbed:
    """Everything that tasks need, in a temporary folder."""

    def __init__(
        self,
        *,
        credentials: Credentials | None = None,
        start: StartCost | None = None,
        built: Applications | None = None,
    ) -> None:
        """Find the packages; raises PackagesMissingError.

        `built`: applications to use instead of building new ones.
        """
        self._packages = system_packages.find()
        self.credentials = credentials or Credentials(username="operator", password=secrets.token_urlsafe(24))
        self._start = start or StartCost()
        self._built = built
        self._cleanup = contextlib.AsyncExitStack()
        self._variables: Mapping[str, str] = {}
        self._addresses = AddressBlock()
        self._folder = Path()
        self._count = 0
        self.tasks: list[Task] = []
        """All started tasks that `end` has not removed."""

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self._cleanup.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._cleanup.aclose()

    @property
    def clock(self) -> Path:
        """The library that fakes a program's clock."""
        return self._packages.clock

    async def start_task(self, **more_variables: str) -> Task:
        """Start a task with its own address, without waiting until it is healthy."""
        self._count += 1
        address = self._addresses.next_address()
        task = Task(
            name=f"task-{self._count}",
            address=address,
            folder=self._folder / f"task-{self._count}",
            variables={**self._variables, **more_variables},
            database=Proxy(address=address, to_address=self.database.address, to_port=self.database.port),
            redis=Proxy(address=address, to_address=self.redis.address, to_port=self.redis.port),
        )
        self.tasks.append(task)
        await task.start()
        return task

    async def end_task(self, task: Task) -> None:
        """Kill a task and remove it from `tasks`."""
        await task.end()
        self.tasks.remove(task)

    async def all_healthy(self, *, within_seconds: float = HEALTHY_SECONDS) -> None:
        """Wait until all tasks are healthy; raises UnhealthyError."""
        answers: dict[str, str] = {}
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    tasks = list(self.tasks)
                    health = await asyncio.gather(*(_health(task) for task in tasks))
                    answers = {task.name: answer for task, answer in zip(tasks, health, strict=True)}
                    if all(answer == "ok" for answer in answers.values()):
                        return
                    await asyncio.sleep(LOOK_INTERVAL)
        except TimeoutError:
            summary = "; ".join(f"{name}: {answer}" for name, answer in answers.items())
            raise UnhealthyError(f"not healthy within {within_seconds:g} s: {summary}") from None

    async def _set_up(self) -> None:
        # Not the user's temporary folder: PostgreSQL's user must have access, and socket paths must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="yawl-testbed-", dir="/tmp"))
        self._cleanup.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._folder.chmod(0o711)
        self._cleanup.enter_context(self._addresses)
        self._cleanup.push_async_callback(self._end_tasks)
        files = certificates.issue(self._folder, addresses=self._addresses.all)
        self.database = PostgreSQL(
            self._packages, folder=self._folder / "postgresql", address=self._addresses.first, certificates=files
        )
        self.redis = RedisServer(
            self._packages, folder=self._folder / "redis", address=self._addresses.first, certificates=files
        )
        self._cleanup.push_async_callback(self.database.stop)
        self._cleanup.push_async_callback(self.redis.stop)
        built, _, _ = await asyncio.gather(self._applications(), self.database.create(), self.redis.start())
        self._variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "JAVA_HOME": str(built.java),
            "PYTHONPATH": str(CONTAINER),
            "PYTHONSAFEPATH": "1",
            "LANG": "C.UTF-8",
            "ENVIRONMENT": "testbed",
            "LOG_LEVEL": "INFO",
            "IMAGE_VERSION": "testbed",
            "YAWL_DB_NAME": self.database.database,
            "YAWL_DB_USER": self.database.user,
            "YAWL_DB_PASSWORD": self.database.password,
            "YAWL_DB_CA_BUNDLE": str(files.authority),
            "REDIS_AUTH_TOKEN": self.redis.password,
            "REDIS_CA_BUNDLE": str(files.authority),
            "YAWL_HEAP_SIZE": "64m",
            "YAWL_ADMIN_USER": self.credentials.username,
            "YAWL_ADMIN_PASSWORD": self.credentials.password,
            "CATALINA_HOME": str(built.tomcat),
            "WEBAPPS": str(built.webapps),
            "HAPROXY": str(self._packages.haproxy),
        }

    async def _applications(self) -> Applications:
        if self._built is not None:
            return self._built
        return await applications.build(self._packages, folder=self._folder, start=self._start)

    async def _end_tasks(self) -> None:
        await asyncio.gather(*(task.end() for task in self.tasks))


async def _health(task: Task) -> str:
    """Return "ok" for a healthy task, or the reason why it is not."""
    if not task.running:
        return f"ended with exit code {task.exit_code}"
    try:
        answer = await client.get(task.address, PORT, HEALTH_PATH, within_seconds=LOOK_SECONDS)
        return "ok" if answer.status == 200 else str(json.loads(answer.text).get("reason", answer.status))
    except (UnreachableError, UnansweredError, ValueError) as error:
        return str(error)
