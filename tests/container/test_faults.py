"""Fault by fault: no row is lost or written twice, one engine at a time writes, and service is back.

How soon it must be back holds for a run that writes the table, one scenario after another on a machine that does
nothing else. Beside other tests it is measured, and printed.
"""

from pathlib import Path

import pytest

from tests.container import table
from tests.container.conftest import Stage
from tests.container.judge import judge, made_without_answer
from tests.container.load import Load, Outcome
from tests.container.random_faults import SEQUENCES
from tests.container.scenarios import SCENARIOS, Scenario, clock_jumps, now, with_clock
from tests.container.service import Service, wall_clock
from tests.container.table import Row


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault(
    scenario: Scenario, service: Service, stage: Stage, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async def course() -> Row:
        if scenario.play is clock_jumps:
            await service.end_all()
            for number in range(service.wanted):
                await service.start_task(**with_clock(service, tmp_path, number))
        await service.at_full_strength()
        async with Load(service.bench) as load:
            await load.goes_on(after=now())
            begun, since = now(), wall_clock()
            try:
                await scenario.play(service, load)
                await service.at_full_strength()
                await load.goes_on(after=now())
            finally:
                print(service.story(since=since))
        await judge(service.bench, load)
        for write in load.of(Outcome.UNCERTAIN):
            print(write)
        if scenario.unanswered is not None:
            assert len(load.of(Outcome.UNCERTAIN)) <= scenario.unanswered
            assert await made_without_answer(service.bench, load) == [], "what was made is told"
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


def test_the_table_has_a_row_for_every_scenario(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--scenarios-table", None):
        return  # this very run writes it
    rows = table.written(table.DOCUMENT)
    assert rows == [
        *((scenario.name, f"{scenario.limit:.2f} s") for scenario in SCENARIOS),
        (f"{SEQUENCES} random sequences of faults, together", ""),
    ], "`make container-table` writes the table anew"
