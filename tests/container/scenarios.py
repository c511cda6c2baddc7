"""The faults that are played one by one, and how long the service may be away for each, the engine's start aside."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from supervisor import timings
from supervisor.engine import RESTART_STOP_LIMIT
from testbed import client
from testbed.task import ENGINE_PORT, Task
from tests.container.load import Load, Outcome
from tests.container.service import Service, wall_clock

REACTION = 1.0
"""What noticing, finding the new leader and the clients' own interval may take."""
AT_ONCE = timings.CONTEST_INTERVAL + timings.FENCING_DELAY + REACTION
"""A lock that is free at once."""
AFTER_SILENCE = timings.SERVER_IDLE_LIMIT + AT_ONCE
"""A lock that the database must take from a session that says nothing more."""
CLOCK_INTERVAL = 1
"""Seconds between two looks at a clock that can jump: a supervisor that looks at it always has time for little else."""
HANGING = timings.PROBE_FAILURES * (timings.PROBE_TIMEOUT + timings.PROBE_INTERVAL) + 3.0 + timings.RESTART_PAUSE
"""Until an engine that does not answer is given up, killed, and started again."""

PROBED = timings.PROBE_FAILURES * timings.PROBE_INTERVAL + RESTART_STOP_LIMIT + timings.RESTART_PAUSE + REACTION
"""Until an application that answers wrongly is ended, and started again."""
SESSION_LOST = timings.SESSION_INTERVAL + RESTART_STOP_LIMIT + timings.RESTART_PAUSE + 2 * REACTION
"""Until the end of a session is noticed, and the applications are started again."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A fault."""

    name: str
    play: Callable[[Service, Load], Awaitable[None]]
    limit: float
    """Seconds without service, the engine's start not counted."""
    unanswered: int | None = None
    """How many writes may be without an answer, none of them made; None where an engine dies in the middle of some."""


def now() -> float:
    """Return the event loop's time."""
    return asyncio.get_running_loop().time()


async def started_at_once(service: Service, load: Load) -> None:
    await service.end_all()
    epoch = await service.epoch()
    await asyncio.gather(*(service.start_task() for _ in range(service.wanted)))
    await service.testbed.all_healthy()
    await load.goes_on(after=now())
    assert await service.epoch() == epoch + 1, "one of the three has led, and no other"


async def leader_killed(service: Service, load: Load) -> None:
    (await service.leader()).send_to_all(signal.SIGKILL)
    await load.goes_on(after=now())


async def supervisor_killed(service: Service, load: Load) -> None:
    leader = await service.leader()
    leader.send(signal.SIGKILL)
    await leader.ended()
    await asyncio.sleep(0.2)
    assert leader.processes() == [], "HAProxy and Tomcat die with the supervisor"
    await load.goes_on(after=now())


async def leader_terminated(service: Service, load: Load) -> None:
    await _terminate(await service.leader(), load)
    await load.goes_on(after=now())


async def leader_frozen(service: Service, load: Load) -> None:
    leader = await service.leader()
    engine = leader.engine()
    assert engine is not None
    leader.send_to_all(signal.SIGSTOP)
    late = asyncio.create_task(load.write_to_engine(leader, within_seconds=60))
    await service.leader(other_than=leader)
    await load.goes_on(after=now())
    # The engine alone, while its supervisor sleeps on: nobody but the database can keep it from writing.
    os.kill(engine, signal.SIGCONT)
    assert (await late).outcome is Outcome.UNCERTAIN, "an engine of an earlier epoch has written"
    leader.send_to_all(signal.SIGCONT)
    await _gone(engine)


async def database_restarted(service: Service, load: Load) -> None:
    await service.database.stop(signal.SIGINT)
    await service.database.start()
    await load.goes_on(after=now())


async def database_crashed(service: Service, load: Load) -> None:
    await service.database.stop(signal.SIGQUIT)
    await service.database.start()
    await load.goes_on(after=now())


async def database_silent_for_the_leader(service: Service, load: Load) -> None:
    leader = await service.leader()
    leader.database.silence()
    await service.leader(other_than=leader)
    await load.goes_on(after=now())
    await leader.database.open()


async def database_cut_off_from_the_leader(service: Service, load: Load) -> None:
    leader = await service.leader()
    await leader.database.cut()
    await service.leader(other_than=leader)
    await load.goes_on(after=now())
    await leader.database.open()


async def redis_restarted(service: Service, load: Load) -> None:
    await _undisturbed(service, load, service.redis.stop, service.redis.start)


async def redis_flushed(service: Service, load: Load) -> None:
    await _undisturbed(service, load, service.redis.flush)


async def redis_gone(service: Service, load: Load) -> None:
    await service.redis.stop()
    try:
        await asyncio.sleep(timings.LEADER_KEY_LIFE + 1)
        (await service.leader()).send_to_all(signal.SIGKILL)
        await load.goes_on(after=now())
        await service.at_full_strength()
    finally:
        await service.redis.start()


async def all_replaced(service: Service, load: Load) -> None:
    old = service.tasks
    await asyncio.gather(*(service.start_task() for _ in old))
    await service.testbed.all_healthy()
    for task in old:
        await _terminate(task, load)
        await service.testbed.end_task(task)
        await service.testbed.all_healthy()
    await load.goes_on(after=now())


async def engine_hangs(service: Service, load: Load) -> None:
    leader = await service.leader()
    engine = leader.engine()
    assert engine is not None
    os.kill(engine, signal.SIGSTOP)
    await _gone(engine)
    await load.goes_on(after=now())
    assert await service.leader() is leader, "the same task has started it again"


async def engine_answers_500(service: Service, load: Load) -> None:
    await _restarted(service, load, load.break_engine)


async def resource_service_answers_500(service: Service, load: Load) -> None:
    async def fail(leader: Task) -> None:
        path = "/resourceService/gateway?action=fail"
        answer = await client.get(leader.address, ENGINE_PORT, path, within_seconds=5)
        assert answer.status == 500

    await _restarted(service, load, fail)


async def resource_service_loses_its_session(service: Service, load: Load) -> None:
    await _restarted(service, load, lambda _: service.end_engine_sessions(application="resource service"))


async def engine_loses_its_sessions(service: Service, load: Load) -> None:
    await _restarted(service, load, lambda _: service.end_engine_sessions())


async def _restarted(service: Service, load: Load, strike: Callable[[Task], Awaitable[None]]) -> None:
    """Strike at the leader's applications; the same task must start them again."""
    leader = await service.leader()
    engine = leader.engine()
    assert engine is not None
    await strike(leader)
    await _gone(engine)
    await load.goes_on(after=now())
    assert await service.leader() is leader, "the same task has started it again"


async def clock_jumps(service: Service, load: Load) -> None:
    """Have the clocks of a service's tasks jump; the supervisors' alone, whose timing decides."""
    epoch = await service.epoch()
    for task in service.tasks:
        await _jump(task, "+1h")
        # Something to write a line about, so that the clock is seen to have jumped.
        await task.redis.cut()
        await asyncio.sleep(2)
        assert service.tells(task, after=wall_clock() + 1800), "the clock has jumped"
        await task.redis.open()
        await _jump(task, "-1h")
        await _jump(task, "+0")
    await asyncio.sleep(timings.LEASE)
    await load.goes_on(after=now())
    assert await service.epoch() == epoch, "no other task has led"


@contextlib.asynccontextmanager
async def with_clocks(service: Service, folder: Path) -> AsyncGenerator[None, None]:
    """Let the service consist of tasks whose clocks `clock_jumps` can move."""
    await service.end_all()
    try:
        for number in range(service.wanted):
            await service.start_task(**_clock(service, folder / f"clock-{number}"))
        yield
    finally:
        processes = [process for task in service.tasks for process in task.processes()]
        await service.end_all()
        for process in processes:
            _remove_what_libfaketime_leaves(process)


def _remove_what_libfaketime_leaves(process: int) -> None:
    """Remove a killed process's clock from shared memory."""
    for left in Path("/dev/shm").glob(f"*faketime_s*_{process}"):  # noqa: S108 - where it has them
        left.unlink()


def _clock(service: Service, file: Path) -> dict[str, str]:
    """Return the variables of a task that has the clock in the file."""
    file.write_text("+0", encoding="utf-8")
    return {
        "LD_PRELOAD": str(service.testbed.clock),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": str(CLOCK_INTERVAL),
        # A jump of the clock that people read: no machine's monotonic clock does.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


TO_LEADER_OR_DATABASE = (
    Scenario(name="three tasks start at once", play=started_at_once, limit=AT_ONCE + 3.0),
    Scenario(name="leader killed, all of it", play=leader_killed, limit=AT_ONCE),
    Scenario(name="leader's supervisor killed (`kill -9`)", play=supervisor_killed, limit=AT_ONCE),
    Scenario(name="leader ended (SIGTERM)", play=leader_terminated, limit=2.0, unanswered=1),
    Scenario(
        name="leader frozen (SIGSTOP) past the fencing delay, then continued", play=leader_frozen, limit=AFTER_SILENCE
    ),
    Scenario(name="database restarted", play=database_restarted, limit=AT_ONCE + 3.0),
    Scenario(name="database killed, and recovering", play=database_crashed, limit=AT_ONCE + 3.0),
    Scenario(name="database silent for the leader alone", play=database_silent_for_the_leader, limit=AFTER_SILENCE),
    Scenario(name="database cut off from the leader alone", play=database_cut_off_from_the_leader, limit=AT_ONCE),
)
# A leader gives up after three failures of its engine: no more than two in a row, then another one leads.
TO_REDIS_TASKS_OR_ENGINE = (
    Scenario(name="Redis restarted", play=redis_restarted, limit=REACTION, unanswered=0),
    Scenario(name="Redis flushed", play=redis_flushed, limit=REACTION, unanswered=0),
    Scenario(name="engine hangs", play=engine_hangs, limit=HANGING + REACTION),
    Scenario(name="engine answers 500", play=engine_answers_500, limit=PROBED),
    Scenario(name="Redis gone, then leader killed", play=redis_gone, limit=AT_ONCE + timings.ROW_INTERVAL),
    Scenario(name="resource service answers 500", play=resource_service_answers_500, limit=PROBED),
    Scenario(name="database ends the engine's sessions", play=engine_loses_its_sessions, limit=SESSION_LOST),
    Scenario(name="all tasks replaced, one by one", play=all_replaced, limit=2.0, unanswered=3),
    Scenario(
        name="database ends the resource service's session",
        play=resource_service_loses_its_session,
        limit=SESSION_LOST,
    ),
    Scenario(name="clocks jump by an hour, forwards and back", play=clock_jumps, limit=REACTION, unanswered=0),
)
SCENARIOS = (*TO_LEADER_OR_DATABASE, *TO_REDIS_TASKS_OR_ENGINE)


async def _terminate(task: Task, load: Load) -> None:
    """End a task as ECS does; it must end by itself and well."""
    load.deregister(task)
    task.send(signal.SIGTERM)
    async with asyncio.timeout(timings.STOP_TIMEOUT):
        assert await task.ended() == 0


async def _undisturbed(service: Service, load: Load, *faults: Callable[[], Awaitable[None]]) -> None:
    epoch = await service.epoch()
    for fault in faults:
        await fault()
    await asyncio.sleep(timings.LEADER_KEY_LIFE / 2)
    await load.goes_on(after=now())
    assert await service.epoch() == epoch, "no other task has led"


async def _jump(task: Task, clock: str) -> None:
    """Change a task's clock, and wait until it is looked at: it is by whole seconds, after more than the interval."""
    await asyncio.to_thread(Path(task.variables["FAKETIME_TIMESTAMP_FILE"]).write_text, clock, encoding="utf-8")
    await asyncio.sleep(CLOCK_INTERVAL + 1.2)


async def _gone(process: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(60):
        while await asyncio.to_thread(Path(f"/proc/{process}").exists):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
