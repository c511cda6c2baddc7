"""A service of tasks under test: finds its leader and replaces tasks that have ended."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg

from testbed.postgresql import PostgreSQL
from testbed.redis_server import RedisServer
from testbed.task import Task
from testbed.testbed import Testbed, UnhealthyError

SETTLING_SECONDS = 600.0
"""Far more than a service needs to recover: the machine may be slow."""
LOOK_SECONDS = 5.0


class Service:
    """Keeps `wanted` tasks running, as an ECS service does."""

    def __init__(self, testbed: Testbed, *, wanted: int) -> None:
        self.testbed = testbed
        self.wanted = wanted
        self._logs: list[Task] = []

    @property
    def database(self) -> PostgreSQL:
        return self.testbed.database

    @property
    def redis(self) -> RedisServer:
        return self.testbed.redis

    @property
    def tasks(self) -> list[Task]:
        return [task for task in self.testbed.tasks if task.running]

    async def start_task(self, **variables: str) -> Task:
        """Start another task."""
        task = await self.testbed.start_task(**variables)
        self._logs.append(task)
        return task

    async def until_all_tasks_are_healthy(self) -> None:
        """Replace tasks that have ended, as ECS does, until all are healthy."""
        until = asyncio.get_running_loop().time() + SETTLING_SECONDS
        while True:
            for task in [task for task in self.testbed.tasks if not task.running]:
                await self.testbed.end_task(task)
            await asyncio.gather(*(self.start_task() for _ in range(self.wanted - len(self.testbed.tasks))))
            try:
                await self.testbed.all_healthy(within_seconds=LOOK_SECONDS)
            except UnhealthyError:
                if asyncio.get_running_loop().time() > until:
                    raise
            else:
                return

    async def end_all(self) -> None:
        """Kill all tasks."""
        await asyncio.gather(*(self.testbed.end_task(task) for task in list(self.testbed.tasks)))

    async def leading(self) -> Task | None:
        """Return the task whose engine runs, or None."""
        name = await self._leader()
        return next((task for task in self.tasks if task.name == name), None)

    async def leader(self, *, other_than: Task | None = None) -> Task:
        """Wait for a task whose engine runs; return it."""
        async with asyncio.timeout(SETTLING_SECONDS):
            while True:
                task = await self.leading()
                if task is not None and task is not other_than:
                    return task
                await asyncio.sleep(0.05)

    async def standby(self) -> Task:
        """Return a task that does not lead."""
        leader = await self.leader()
        return next(task for task in self.tasks if task is not leader)

    async def epoch(self) -> int:
        """Return the current epoch."""
        async with await self.database.connect() as connection:
            [epoch] = await (await connection.execute("SELECT epoch FROM yawl_delivery.leader")).fetchone() or [0]
        return int(epoch)

    async def end_engine_sessions(self, *, application: str = "") -> None:
        """Have the database end the engine's sessions, or only those with the application name `application`."""
        async with await self.database.connect() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(usename, 'yawl_engine_')"
                " AND starts_with(application_name, %s)",
                (application,),
            )

    def engine_start(self, *, since: float) -> float:
        """Return the longest engine start in seconds since a time."""
        starts = (event.get("start_seconds") for event in self._events(since, self._logs))
        return max((float(seconds) for seconds in starts if seconds is not None), default=0.0)

    def story(self, *, since: float) -> str:
        """Return the supervisors' log events since a time, to explain a failure."""
        events = [
            event
            for event in self._events(since, self._logs)
            if event["source"] not in {"haproxy", "tomcat"} or event["level"] != "INFO"
        ]
        return "\n".join(json.dumps(event) for event in sorted(events, key=lambda event: str(event["time"])))

    async def _leader(self) -> str | None:
        try:
            async with await self.database.connect() as connection:
                row = await (
                    await connection.execute(
                        "SELECT task FROM yawl_delivery.leader WHERE NOT released AND engine = 'running'"
                    )
                ).fetchone()
        except psycopg.Error:
            return None
        return None if row is None else str(row[0])

    def has_logged(self, task: Task, *, after: float) -> bool:
        """Return whether a task logged an event after a time, by its own clock."""
        return any(self._events(after, [task]))

    @staticmethod
    def _events(since: float, tasks: Sequence[Task]) -> Iterator[dict[str, Any]]:
        for task in tasks:
            for line in task.log.read_text(encoding="utf-8").splitlines():
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if "time" in event and datetime.fromisoformat(event["time"]).timestamp() >= since:
                    yield event


def wall_clock() -> float:
    """Return the time as logs have it."""
    return time.time()
