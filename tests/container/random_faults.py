"""Random sequences of faults from a seed: which fault, its target, its duration, and the delay before it."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

import psycopg

from testbed.task import Task
from tests.container.service import Service

SEED: Final = 20_240_229
SEQUENCES: Final = 50
LONGEST_PAUSE: Final = 1.5
"""Maximum seconds between two faults."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A fault; some last for `seconds`."""

    fault: str
    leader: bool
    """Whether it affects the leader or another task."""
    seconds: float
    pause: float
    """Seconds before the next fault."""

    def __str__(self) -> str:
        whom = "leader" if self.leader else "standby"
        return f"{self.fault} ({whom}, {self.seconds:.1f} s), then {self.pause:.1f} s"


def sequence(number: int) -> list[Step]:
    """Return the steps of a sequence, determined by its number only."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311 - the same each time
    return [
        Step(
            fault=chance.choice(list(FAULTS)),
            leader=chance.random() < 0.7,
            # Half of them are too short to lose the leadership; some exceed every delay.
            seconds=chance.choice((chance.uniform(0.1, 2.5), chance.uniform(2.5, 8.0))),
            pause=chance.uniform(0.0, LONGEST_PAUSE),
        )
        for _ in range(chance.randint(2, 4))
    ]


async def cause(service: Service, steps: list[Step]) -> None:
    """Cause the faults, and end those with a duration."""
    lasting: list[asyncio.Task[None]] = []
    # One at a time: a restarting server cannot be stopped.
    restarts = asyncio.Lock()
    for step in steps:
        if (task := await _victim(service, leader=step.leader)) is not None:
            lasting.append(asyncio.create_task(FAULTS[step.fault](service, task, step.seconds, restarts)))
        await asyncio.sleep(step.pause)
    await asyncio.gather(*lasting)


async def _victim(service: Service, *, leader: bool) -> Task | None:
    """Return the leader, or another task; any task if there is none at this moment."""
    leading = await service.leading()
    others = [task for task in service.tasks if task is not leading]
    if leader and leading is not None:
        return leading
    return others[0] if others else leading


Fault = Callable[[Service, Task, float, asyncio.Lock], Coroutine[None, None, None]]


async def _kill(_service: Service, task: Task, _seconds: float, _restarts: asyncio.Lock) -> None:
    task.send_to_all(signal.SIGKILL)


async def _kill_supervisor(_service: Service, task: Task, _seconds: float, _restarts: asyncio.Lock) -> None:
    task.send(signal.SIGKILL)


async def _kill_engine(_service: Service, task: Task, _seconds: float, _restarts: asyncio.Lock) -> None:
    if (engine := task.engine()) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(engine, signal.SIGKILL)


async def _terminate(_service: Service, task: Task, _seconds: float, _restarts: asyncio.Lock) -> None:
    task.send(signal.SIGTERM)


async def _freeze(_service: Service, task: Task, seconds: float, _restarts: asyncio.Lock) -> None:
    task.send_to_all(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    task.send_to_all(signal.SIGCONT)


async def _freeze_supervisor(_service: Service, task: Task, seconds: float, _restarts: asyncio.Lock) -> None:
    task.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    task.send(signal.SIGCONT)


async def _freeze_engine(_service: Service, task: Task, seconds: float, _restarts: asyncio.Lock) -> None:
    if (engine := task.engine()) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(engine, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            os.kill(engine, signal.SIGCONT)


async def _silence_database(_service: Service, task: Task, seconds: float, _restarts: asyncio.Lock) -> None:
    task.database.silence()
    await asyncio.sleep(seconds)
    await task.database.open()


async def _cut_database(_service: Service, task: Task, seconds: float, _restarts: asyncio.Lock) -> None:
    await task.database.cut()
    await asyncio.sleep(seconds)
    await task.database.open()


async def _restart_database(service: Service, _task: Task, seconds: float, restarts: asyncio.Lock) -> None:
    async with restarts:
        # Every second restart is immediate, so that the server has to recover.
        await service.database.stop(signal.SIGQUIT if seconds > 2.5 else signal.SIGINT)
        await service.database.start()


async def _end_sessions(service: Service, _task: Task, _seconds: float, _restarts: asyncio.Lock) -> None:
    with contextlib.suppress(psycopg.Error):
        await service.end_engine_sessions()


async def _flush_redis(service: Service, _task: Task, _seconds: float, restarts: asyncio.Lock) -> None:
    async with restarts:
        await service.redis.flush()


async def _stop_redis(service: Service, _task: Task, seconds: float, restarts: asyncio.Lock) -> None:
    async with restarts:
        await service.redis.stop()
        await asyncio.sleep(seconds)
        await service.redis.start()


FAULTS: Final[dict[str, Fault]] = {
    "task killed": _kill,
    "supervisor killed": _kill_supervisor,
    "engine killed": _kill_engine,
    "task ended by SIGTERM": _terminate,
    "task frozen": _freeze,
    "supervisor frozen": _freeze_supervisor,
    "engine frozen": _freeze_engine,
    "database silent for the task": _silence_database,
    "database cut off from the task": _cut_database,
    "database restarted": _restart_database,
    "engine's sessions ended": _end_sessions,
    "Redis flushed": _flush_redis,
    "Redis gone": _stop_redis,
}
