"""As in `test_leader_and_database_faults`: the faults of Redis, of whole tasks, of engines and of clocks."""

from pathlib import Path

import pytest

from tests.container import single_fault
from tests.container.conftest import LoopThread
from tests.container.scenarios import TO_REDIS_TASKS_OR_ENGINE, Scenario
from tests.container.service import Service


@pytest.mark.parametrize("scenario", TO_REDIS_TASKS_OR_ENGINE, ids=lambda scenario: scenario.name)
def test_scenario(
    scenario: Scenario, service: Service, loop_thread: LoopThread, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    single_fault.run(scenario, service, loop_thread, request, tmp_path)
