"""Runs one scenario and checks the invariants.

The limit on the interruption applies only to a run that writes the table, on an otherwise idle machine. Other runs
print the interruption.
"""

from pathlib import Path

import pytest

from tests.container import table
from tests.container.conftest import LoopThread
from tests.container.invariants import check_invariants, uncertain_but_written
from tests.container.load import Load, Outcome
from tests.container.scenarios import Scenario, now, the_clocks_jump, with_clocks
from tests.container.service import Service, wall_clock
from tests.container.table import Row


def run(
    scenario: Scenario, service: Service, loop_thread: LoopThread, request: pytest.FixtureRequest, folder: Path
) -> None:
    """Run a scenario. Raises AssertionError if an invariant is violated."""

    async def steps() -> Row:
        if scenario.cause is the_clocks_jump:
            async with with_clocks(service, folder):
                return await steps_with_these_tasks()
        return await steps_with_these_tasks()

    async def steps_with_these_tasks() -> Row:
        await service.until_all_tasks_are_healthy()
        async with Load(service.testbed) as load:
            await load.until_writes_succeed(after=now())
            begun, since = now(), wall_clock()
            try:
                await scenario.cause(service, load)
                await service.until_all_tasks_are_healthy()
                await load.until_writes_succeed(after=now())
            finally:
                print(service.story(since=since))
        await check_invariants(service.testbed, load)
        for write in load.of(Outcome.UNCERTAIN):
            print(write)
        if scenario.unanswered is not None:
            assert len(load.of(Outcome.UNCERTAIN)) <= scenario.unanswered
            assert await uncertain_but_written(service.testbed, load) == [], "a write without a response exists"
        return Row(
            name=scenario.name,
            without_service=load.longest_pause(since=begun),
            engine_start=service.engine_start(since=since),
            limit=scenario.limit,
            accepted=len(load.accepted),
            uncertain=len(load.of(Outcome.UNCERTAIN)),
        )

    row = loop_thread.run(steps())
    print(row)
    if request.config.getoption("--scenarios-table", None):
        assert row.without_service <= row.engine_start + scenario.limit
    request.node.user_properties.append(table.as_property(row))
