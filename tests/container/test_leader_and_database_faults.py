"""After each fault no row is lost or written twice, only one engine writes at a time, and the service recovers.

These affect the leader or the database; `test_other_faults` has the others, so that both files run in parallel.
"""

from pathlib import Path

import pytest

from tests.container import single_fault, table
from tests.container.conftest import LoopThread
from tests.container.random_faults import SEQUENCES
from tests.container.scenarios import SCENARIOS, TO_LEADER_OR_DATABASE, Scenario
from tests.container.service import Service


@pytest.mark.parametrize("scenario", TO_LEADER_OR_DATABASE, ids=lambda scenario: scenario.name)
def test_scenario(
    scenario: Scenario, service: Service, loop_thread: LoopThread, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    single_fault.run(scenario, service, loop_thread, request, tmp_path)


def test_table_lists_every_scenario(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--scenarios-table", None):
        return  # this run writes the table
    rows = table.written(table.DOCUMENT)
    assert rows == [
        *((scenario.name, f"{scenario.limit:.2f} s") for scenario in SCENARIOS),
        (f"{SEQUENCES} random sequences of faults, together", ""),
    ], "`make container-table` writes the table anew"
