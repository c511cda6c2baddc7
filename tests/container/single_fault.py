"""One scenario, played and judged.

How soon service must be back holds for a run that writes the table, one scenario after another on a machine that does
nothing else. Beside other tests it is measured, and printed.
"""

from pathlib import Path

import pytest

from tests.container import table
from tests.container.conftest import Stage
from tests.container.invariants import check_invariants, made_without_answer
from tests.container.load import Load, Outcome
from tests.container.scenarios import Scenario, clock_jumps, now, with_clocks
from tests.container.service import Service, wall_clock
from tests.container.table import Row


def play(scenario: Scenario, service: Service, stage: Stage, request: pytest.FixtureRequest, folder: Path) -> None:
    """Play a scenario; raises AssertionError unless everything held."""

    async def course() -> Row:
        if scenario.play is clock_jumps:
            async with with_clocks(service, folder):
                return await course_with_these_tasks()
        return await course_with_these_tasks()

    async def course_with_these_tasks() -> Row:
        await service.at_full_strength()
        async with Load(service.testbed) as load:
            await load.goes_on(after=now())
            begun, since = now(), wall_clock()
            try:
                await scenario.play(service, load)
                await service.at_full_strength()
                await load.goes_on(after=now())
            finally:
                print(service.story(since=since))
        await check_invariants(service.testbed, load)
        for write in load.of(Outcome.UNCERTAIN):
            print(write)
        if scenario.unanswered is not None:
            assert len(load.of(Outcome.UNCERTAIN)) <= scenario.unanswered
            assert await made_without_answer(service.testbed, load) == [], "what was made is told"
        return Row(
            name=scenario.name,
            without_service=load.longest_pause(since=begun),
            engine_start=service.engine_start(since=since),
            limit=scenario.limit,
            accepted=len(load.accepted),
            uncertain=len(load.of(Outcome.UNCERTAIN)),
        )

    row = stage.play(course())
    print(row)
    if request.config.getoption("--scenarios-table", None):
        assert row.without_service <= row.engine_start + scenario.limit
    request.node.user_properties.append(table.as_property(row))
