"""Topologies other than the example's, delivered to their last environment with permissions and names enforced.

Each takes a minute or more, so only `make rehearse-topologies` runs them.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from cloud_assembly import read
from rehearsal.report.progress import Result
from settings import load
from tests.rehearsal.end_to_end.conftest import with_settings
from tests.rehearsal.end_to_end.topologies_table import PROPERTY, Row
from tests.synthesis.topologies import REHEARSED, Topology


def test_ten_topologies_are_rehearsed() -> None:
    assert len(REHEARSED) >= 10


@pytest.mark.topologies
@pytest.mark.parametrize("topology", [pytest.param(topology, id=topology.name) for topology in REHEARSED])
def test_topology_is_delivered_to_its_last_environment(
    topology: Topology,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(topology.toml)
    environments = load(file).environments
    repository = with_settings(topology.toml, tmp_path_factory)
    start = time.monotonic()
    with repository.rehearse() as rehearsed:
        rehearsed.rehearsal.evaluate_permissions()
        permissions = rehearsed.progress.permissions
        assert rehearsed.result is Result.SUCCEEDED, (rehearsed.progress.reason, rehearsed.progress.refusals)
        assert permissions is not None
        assert (permissions["mode"], permissions["refused"]) == ("enforced", [])
        stacks = [stack for stack in read(rehearsed.assembly).stacks if stack.stage]
        for stack in stacks:
            deployed = rehearsed.stacks(stack.account, stack.region)
            assert deployed[stack.name] == "CREATE_COMPLETE"
    where = "; ".join(
        f"{name} in {', '.join((one.region, *one.further_regions))}" for name, one in environments.items()
    )
    seconds = time.monotonic() - start
    record_property(PROPERTY, asdict(Row(name=topology.name, environments=where, stacks=len(stacks), seconds=seconds)))
