"""What the settings accept synthesizes and keeps AWS's limits; what they refuse, they refuse with place and remedy."""

from pathlib import Path

import pytest

from cloud_assembly import read
from cloud_assembly.limits import exceeded
from settings import SettingsError, load
from tests.examples import is_long_run
from tests.synthesis.topologies import ACCEPTED, MOST_ENVIRONMENTS, REFUSED, TOPOLOGIES, Topology, many
from tests.unit.built_image import path_without_docker
from tests.unit.other_settings import synthesize


def by_name(topologies: tuple[Topology, ...]) -> list[object]:
    return [pytest.param(topology, id=topology.name) for topology in topologies]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a relative path in a new working directory, where nothing called docker works."""
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", path_without_docker(tools))
    monkeypatch.chdir(tmp_path)
    return Path("delivery.toml")


def test_there_are_forty_topologies_with_different_names() -> None:
    assert len({topology.name for topology in TOPOLOGIES}) == len(TOPOLOGIES) >= 40


@pytest.mark.parametrize("topology", by_name(ACCEPTED))
def test_accepted_topology_synthesizes_within_limits(topology: Topology, file: Path) -> None:
    from pipeline_app import add_execution_policies

    file.write_text(topology.toml)
    settings = load(file)
    folder = synthesize(settings, Path("cdk.out").absolute(), rule_packs=topology.rule_packs).folder
    assert list(exceeded(read(folder))) == []
    if settings.pipeline.has_least_privilege:
        add_execution_policies(folder, settings)


if is_long_run():  # A minute; `test_limits.py` tests each limit alone.

    @pytest.mark.parametrize("more", [0, 1])
    def test_largest_number_of_environments_fits_and_no_more(more: int, file: Path) -> None:
        file.write_text(Topology("many", many(MOST_ENVIRONMENTS + more)).toml)
        found = list(exceeded(read(synthesize(load(file), Path("cdk.out").absolute()).folder)))
        assert [line.partition(": ")[0] for line in found] == ["environments"] * more


@pytest.mark.parametrize("topology", by_name(REFUSED))
def test_refused_topology_names_place_and_remedy(topology: Topology, file: Path) -> None:
    file.write_text(topology.toml)
    with pytest.raises(SettingsError) as raised:
        load(file)
    parts = [problem.split(": ", 2) for problem in raised.value.problems]
    assert [(name, path) for name, path, _ in parts] == [("delivery.toml", path) for path in topology.refused]
    for _, path, message in parts:
        assert topology.refused[path] in message
