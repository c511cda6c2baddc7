"""Runs one scenario and checks the invariants.

The limit on the interruption applies only to a run that writes the table, on an otherwise idle machine. Other runs
print the interruption.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.container import table
from tests.container.conftest import LoopThread
from tests.container.invariants import check_invariants, uncertain_but_written
from tests.container.load import ANSWER_LIMIT, Load, Outcome
from tests.container.scenarios import Scenario, UnexpectedFailoverError, now, the_clocks_jump, with_clocks
from tests.container.service import Service, wall_clock
from tests.container.table import Row

ATTEMPTS: Final = 5
"""Runs of a scenario until it shows only the fault's own effect. Every run must keep the invariants."""
COMPLETE_ANSWER_LIMIT: Final = 30.0
"""Seconds a client waits for a response in a scenario that counts writes without one."""


def run(
    scenario: Scenario, service: Service, loop_thread: LoopThread, request: pytest.FixtureRequest, folder: Path
) -> None:
    """Run a scenario. Raises AssertionError if an invariant is violated."""

    async def steps() -> Row:
        if scenario.cause is the_clocks_jump:
            async with with_clocks(service, folder):
                return await _row(scenario, service)
        return await _row(scenario, service)

    row = _undisturbed(lambda: loop_thread.run(steps()))
    print(row)
    if request.config.getoption("--scenarios-table", None):
        assert row.without_service <= row.engine_start + scenario.limit
    request.node.user_properties.append(table.as_property(row))


def _undisturbed(run_once: Callable[[], Row]) -> Row:
    """Repeat a scenario until it shows only the fault's own effect; raises UnexpectedFailoverError if none does."""
    for attempt in range(1, ATTEMPTS):
        try:
            return run_once()
        except UnexpectedFailoverError as error:
            print(f"attempt {attempt} of {ATTEMPTS}: {error}")
    return run_once()


async def _row(scenario: Scenario, service: Service) -> Row:
    """Run a scenario once. Raises UnexpectedFailoverError, but only after the invariants were checked."""
    await service.until_all_tasks_are_healthy()
    failover: UnexpectedFailoverError | None = None
    answer_limit = ANSWER_LIMIT if scenario.unanswered is None else COMPLETE_ANSWER_LIMIT
    async with Load(service.testbed, answer_limit=answer_limit) as load:
        await load.until_writes_succeed(after=now())
        begun, since = now(), wall_clock()
        try:
            try:
                await scenario.cause(service, load)
            except UnexpectedFailoverError as error:
                failover = error
            await service.until_all_tasks_are_healthy()
            await load.until_writes_succeed(after=now())
        finally:
            print(service.story(since=since))
    await check_invariants(service.testbed, load)
    uncertain = load.of(Outcome.UNCERTAIN)
    print(*uncertain, sep="\n")
    if failover is not None:
        raise failover
    if scenario.unanswered is not None:
        if len(uncertain) > scenario.unanswered:
            raise UnexpectedFailoverError(f"{len(uncertain)} writes got no response, expected {scenario.unanswered}")
        if await uncertain_but_written(service.testbed, load):
            raise UnexpectedFailoverError("a write without a response exists")
    return Row(
        name=scenario.name,
        without_service=load.longest_pause(since=begun),
        engine_start=service.engine_start(since=since),
        limit=scenario.limit,
        accepted=len(load.accepted),
        uncertain=len(uncertain),
    )
