"""The faults, one function each, and how long each may interrupt the service, besides the engine's start."""

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
from tests.container.service import SETTLING_SECONDS, Service, wall_clock

REACTION = 1.0
"""Detection, discovery of the new leader, and the clients' own interval."""
LOCK_FREE_LIMIT = timings.CONTEST_INTERVAL + timings.FENCING_DELAY + REACTION
"""The lock is free at once."""
LOCK_HELD_LIMIT = timings.SERVER_IDLE_LIMIT + LOCK_FREE_LIMIT
"""The database must first end the silent session that holds the lock."""
EVENT_LIMIT = 300.0
"""Seconds to wait for a process's exit or log line. Far more than needed: the machine may be slow."""
CLOCK_INTERVAL = 1
"""Seconds between two reads of a clock that can jump; more reads would take too much CPU time."""
ENGINE_HANG_LIMIT = (
    timings.PROBE_FAILURES * (timings.PROBE_TIMEOUT + timings.PROBE_INTERVAL) + 3.0 + timings.RESTART_PAUSE
)
"""A hanging engine is detected, killed and restarted."""

WRONG_RESPONSE_LIMIT = (
    timings.PROBE_FAILURES * timings.PROBE_INTERVAL + RESTART_STOP_LIMIT + timings.RESTART_PAUSE + REACTION
)
"""Failed probes are detected, and the applications are restarted."""
SESSION_LOSS_LIMIT = timings.SESSION_INTERVAL + RESTART_STOP_LIMIT + timings.RESTART_PAUSE + 2 * REACTION
"""A lost session is detected, and the applications are restarted."""


class UnexpectedFailoverError(AssertionError):
    """A failover or an interruption that the fault alone does not explain.

    A machine that stops for longer than the lease causes a failover by itself, so such a scenario is run again. What
    must hold however slow the machine is, is an assertion instead.
    """


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A fault."""

    name: str
    cause: Callable[[Service, Load], Awaitable[None]]
    limit: float
    """Seconds without service, besides the engine's start."""
    unanswered: int | None = None
    """Writes that may get no response and must then not exist; None if the engine dies in the middle of writes."""


def now() -> float:
    """Return the event loop's time."""
    return asyncio.get_running_loop().time()


async def all_tasks_start_at_once(service: Service, load: Load) -> None:
    await service.end_all()
    epoch = await service.epoch()
    await asyncio.gather(*(service.start_task() for _ in range(service.wanted)))
    await service.testbed.all_healthy(within_seconds=SETTLING_SECONDS)
    await load.until_writes_succeed(after=now())
    _expect(await service.epoch() == epoch + 1, "more than one of the three became the leader")


async def the_leader_is_killed(service: Service, load: Load) -> None:
    (await service.leader()).send_to_all(signal.SIGKILL)
    await load.until_writes_succeed(after=now())


async def the_supervisor_of_the_leader_is_killed(service: Service, load: Load) -> None:
    leader = await service.leader()
    leader.send(signal.SIGKILL)
    await leader.ended()
    async with asyncio.timeout(EVENT_LIMIT):
        while leader.processes():  # noqa: ASYNC110 - HAProxy and Tomcat die with the supervisor; no event for it
            await asyncio.sleep(0.05)
    await load.until_writes_succeed(after=now())


async def the_leader_is_stopped(service: Service, load: Load) -> None:
    await _terminate(await service.leader(), load)
    await load.until_writes_succeed(after=now())


async def the_leader_is_frozen(service: Service, load: Load) -> None:
    leader = await service.leader()
    engine = leader.engine()
    assert engine is not None
    leader.send_to_all(signal.SIGSTOP)
    late = asyncio.create_task(load.write_to_engine(leader, within_seconds=60))
    await service.leader(other_than=leader)
    await load.until_writes_succeed(after=now())
    # Continue the engine alone: without its supervisor, only the database can keep it from writing.
    os.kill(engine, signal.SIGCONT)
    assert (await late).outcome is Outcome.UNCERTAIN, "an engine of an earlier epoch has written"
    leader.send_to_all(signal.SIGCONT)
    await _until_exited(engine)


async def the_database_is_restarted(service: Service, load: Load) -> None:
    await service.database.stop(signal.SIGINT)
    await service.database.start()
    await load.until_writes_succeed(after=now())


async def the_database_crashes(service: Service, load: Load) -> None:
    await service.database.stop(signal.SIGQUIT)
    await service.database.start()
    await load.until_writes_succeed(after=now())


async def the_leader_gets_no_response_from_the_database(service: Service, load: Load) -> None:
    leader = await service.leader()
    leader.database.silence()
    await service.leader(other_than=leader)
    await load.until_writes_succeed(after=now())
    await leader.database.open()


async def the_leader_is_cut_off_from_the_database(service: Service, load: Load) -> None:
    leader = await service.leader()
    await leader.database.cut()
    await service.leader(other_than=leader)
    await load.until_writes_succeed(after=now())
    await leader.database.open()


async def redis_is_restarted(service: Service, load: Load) -> None:
    await _expect_no_failover(service, load, service.redis.stop, service.redis.start)


async def redis_is_flushed(service: Service, load: Load) -> None:
    await _expect_no_failover(service, load, service.redis.flush)


async def the_leader_is_killed_while_redis_is_down(service: Service, load: Load) -> None:
    await service.redis.stop()
    try:
        await asyncio.sleep(timings.LEADER_KEY_LIFE + 1)
        (await service.leader()).send_to_all(signal.SIGKILL)
        await load.until_writes_succeed(after=now())
        await service.until_all_tasks_are_healthy()
    finally:
        await service.redis.start()


async def all_tasks_are_replaced(service: Service, load: Load) -> None:
    old = service.tasks
    await asyncio.gather(*(service.start_task() for _ in old))
    await service.testbed.all_healthy(within_seconds=SETTLING_SECONDS)
    for task in old:
        await _terminate(task, load)
        await service.testbed.end_task(task)
        await service.testbed.all_healthy(within_seconds=SETTLING_SECONDS)
    await load.until_writes_succeed(after=now())


async def the_engine_hangs(service: Service, load: Load) -> None:
    leader = await service.leader()
    engine = leader.engine()
    assert engine is not None
    os.kill(engine, signal.SIGSTOP)
    await _until_exited(engine)
    await load.until_writes_succeed(after=now())
    _expect(await service.leader() is leader, "another task became the leader")


async def the_engine_returns_500(service: Service, load: Load) -> None:
    await _expect_restart_by_the_same_leader(service, load, load.break_engine)


async def the_resource_service_returns_500(service: Service, load: Load) -> None:
    async def fail(leader: Task) -> None:
        path = "/resourceService/gateway?action=fail"
        answer = await client.get(leader.address, ENGINE_PORT, path, within_seconds=5)
        assert answer.status == 500

    await _expect_restart_by_the_same_leader(service, load, fail)


async def the_resource_service_loses_its_session(service: Service, load: Load) -> None:
    await _expect_restart_by_the_same_leader(
        service, load, lambda _: service.end_engine_sessions(application="resource service")
    )


async def the_engine_loses_its_sessions(service: Service, load: Load) -> None:
    await _expect_restart_by_the_same_leader(service, load, lambda _: service.end_engine_sessions())


async def _expect_restart_by_the_same_leader(
    service: Service, load: Load, cause_fault: Callable[[Task], Awaitable[None]]
) -> None:
    """Cause a fault in the leader's applications; the same task must restart them."""
    leader = await service.leader()
    engine = leader.engine()
    assert engine is not None
    await cause_fault(leader)
    await _until_exited(engine)
    await load.until_writes_succeed(after=now())
    _expect(await service.leader() is leader, "another task became the leader")


async def the_clocks_jump(service: Service, load: Load) -> None:
    """Let the clocks of the supervisors jump, task by task."""
    epoch = await service.epoch()
    for task in service.tasks:
        await _jump(task, "+1h")
        # Cause a log line, whose time shows that the clock has jumped.
        await task.redis.cut()
        async with asyncio.timeout(EVENT_LIMIT):
            while not service.has_logged(task, after=wall_clock() + 1800):  # noqa: ASYNC110 - a poll is plainer
                await asyncio.sleep(0.2)
        await task.redis.open()
        await _jump(task, "-1h")
        await _jump(task, "+0")
    await asyncio.sleep(timings.LEASE)
    await load.until_writes_succeed(after=now())
    _expect(await service.epoch() == epoch, "another task became the leader")


@contextlib.asynccontextmanager
async def with_clocks(service: Service, folder: Path) -> AsyncGenerator[None, None]:
    """Let the service consist of tasks whose clocks `the_clocks_jump` can move."""
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
        # Only the wall clock jumps; monotonic clocks never do.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


TO_LEADER_OR_DATABASE = (
    Scenario(name="three tasks start at once", cause=all_tasks_start_at_once, limit=LOCK_FREE_LIMIT + 3.0),
    Scenario(name="leader killed, all of it", cause=the_leader_is_killed, limit=LOCK_FREE_LIMIT),
    Scenario(
        name="leader's supervisor killed (`kill -9`)",
        cause=the_supervisor_of_the_leader_is_killed,
        limit=LOCK_FREE_LIMIT,
    ),
    Scenario(name="leader ended (SIGTERM)", cause=the_leader_is_stopped, limit=2.0, unanswered=1),
    Scenario(
        name="leader frozen (SIGSTOP) past the fencing delay, then continued",
        cause=the_leader_is_frozen,
        limit=LOCK_HELD_LIMIT,
    ),
    Scenario(name="database restarted", cause=the_database_is_restarted, limit=LOCK_FREE_LIMIT + 3.0),
    Scenario(name="database killed, and recovering", cause=the_database_crashes, limit=LOCK_FREE_LIMIT + 3.0),
    Scenario(
        name="database silent for the leader alone",
        cause=the_leader_gets_no_response_from_the_database,
        limit=LOCK_HELD_LIMIT,
    ),
    Scenario(
        name="database cut off from the leader alone",
        cause=the_leader_is_cut_off_from_the_database,
        limit=LOCK_FREE_LIMIT,
    ),
)
# At most two in a row: after three failures of its engine a leader releases the leadership.
TO_REDIS_TASKS_OR_ENGINE = (
    Scenario(name="Redis restarted", cause=redis_is_restarted, limit=REACTION, unanswered=0),
    Scenario(name="Redis flushed", cause=redis_is_flushed, limit=REACTION, unanswered=0),
    Scenario(name="engine hangs", cause=the_engine_hangs, limit=ENGINE_HANG_LIMIT + REACTION),
    Scenario(name="engine answers 500", cause=the_engine_returns_500, limit=WRONG_RESPONSE_LIMIT),
    Scenario(
        name="Redis gone, then leader killed",
        cause=the_leader_is_killed_while_redis_is_down,
        limit=LOCK_FREE_LIMIT + timings.ROW_INTERVAL,
    ),
    Scenario(name="resource service answers 500", cause=the_resource_service_returns_500, limit=WRONG_RESPONSE_LIMIT),
    Scenario(name="database ends the engine's sessions", cause=the_engine_loses_its_sessions, limit=SESSION_LOSS_LIMIT),
    Scenario(name="all tasks replaced, one by one", cause=all_tasks_are_replaced, limit=2.0, unanswered=3),
    Scenario(
        name="database ends the resource service's session",
        cause=the_resource_service_loses_its_session,
        limit=SESSION_LOSS_LIMIT,
    ),
    Scenario(name="clocks jump by an hour, forwards and back", cause=the_clocks_jump, limit=REACTION, unanswered=0),
)
SCENARIOS = (*TO_LEADER_OR_DATABASE, *TO_REDIS_TASKS_OR_ENGINE)


async def _terminate(task: Task, load: Load) -> None:
    """Stop a task as ECS does; it must exit with code 0."""
    load.deregister(task)
    task.send(signal.SIGTERM)
    async with asyncio.timeout(timings.STOP_TIMEOUT):
        assert await task.ended() == 0


async def _expect_no_failover(service: Service, load: Load, *faults: Callable[[], Awaitable[None]]) -> None:
    epoch = await service.epoch()
    for fault in faults:
        await fault()
    await asyncio.sleep(timings.LEADER_KEY_LIFE / 2)
    await load.until_writes_succeed(after=now())
    _expect(await service.epoch() == epoch, "another task became the leader")


async def _jump(task: Task, clock: str) -> None:
    """Change a task's clock, and wait longer than the interval at which it is read."""
    await asyncio.to_thread(Path(task.variables["FAKETIME_TIMESTAMP_FILE"]).write_text, clock, encoding="utf-8")
    await asyncio.sleep(CLOCK_INTERVAL + 1.2)


def _expect(expected: bool, otherwise: str) -> None:
    if not expected:
        raise UnexpectedFailoverError(otherwise)


async def _until_exited(process: int) -> None:
    """Wait until a process has exited."""
    async with asyncio.timeout(EVENT_LIMIT):
        while await asyncio.to_thread(Path(f"/proc/{process}").exists):  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.05)
