"""The builds of a batch, and when each can start."""

from typing import Any

import pytest

from rehearsal.actions.builds import batch, shards
from rehearsal.actions.builds.batch import Task
from rehearsal.actions.builds.buildspec import BuildspecError

GRAPH = {
    "build-graph": [
        {"identifier": "first", "env": {"variables": {"N": "1"}, "image": "own:1", "privileged-mode": "true"}},
        {"identifier": "second", "buildspec": "second.yml", "depend-on": ["first"], "ignore-failure": "true"},
        {"identifier": "third", "depend-on": ["second"]},
        {"identifier": "other"},
    ]
}


def names(tasks: list[Task]) -> list[str]:
    return [task.identifier for task in tasks]


def test_graph_starts_what_depends_on_nothing_that_is_left() -> None:
    found = batch.read(GRAPH)
    assert names(found.next_tasks(set(), set())) == ["first", "other"]
    assert names(found.next_tasks({"first", "other"}, set())) == ["second"]
    assert names(found.next_tasks({"first", "other"}, {"first"})) == []
    assert names(found.next_tasks({"first", "other"}, {"other"})) == ["second"]


def test_fast_fail_starts_nothing_after_a_failure() -> None:
    found = batch.read({**GRAPH, "fast-fail": "true"})
    assert names(found.next_tasks({"first", "other"}, {"other"})) == []


def test_task_changes_the_environment_of_its_project() -> None:
    first, second, *_ = batch.read(GRAPH).tasks
    project = {"image": "standard", "type": "LINUX_CONTAINER", "privilegedMode": False}
    assert first.environment(project) == {**project, "image": "own:1", "privilegedMode": True}
    assert second.environment(project) == project
    assert (first.variables, second.buildspec, second.ignore_failure) == ({"N": "1"}, "second.yml", True)


def test_matrix_has_a_build_for_each_combination() -> None:
    section = {
        "build-matrix": {
            "static": {"ignore-failure": "true", "env": {"privileged-mode": "true", "variables": {"ALL": "yes"}}},
            "dynamic": {"buildspec": ["a.yml", "b.yml"], "env": {"variables": {"PYTHON": ["3.11", "3.12"]}}},
        }
    }
    found = batch.read(section).tasks
    assert [(task.identifier, task.buildspec, task.variables["PYTHON"]) for task in found] == [
        ("build0", "a.yml", "3.11"),
        ("build1", "a.yml", "3.12"),
        ("build2", "b.yml", "3.11"),
        ("build3", "b.yml", "3.12"),
    ]
    assert all(task.ignore_failure and task.privileged and task.variables["ALL"] == "yes" for task in found)


def test_fanout_has_identical_builds_with_a_number() -> None:
    found = batch.read({"build-fanout": {"parallelism": 2, "ignore-failure": True}})
    numbers = [{"CODEBUILD_CURRENT_SHARD": str(number), "CODEBUILD_TOTAL_SHARDS": "2"} for number in range(2)]
    assert [task.variables for task in found.tasks] == numbers
    assert [task.identifier for task in found.tasks] == ["build0", "build1"]
    assert all(task.ignore_failure for task in found.tasks)


@pytest.mark.parametrize(
    ("count", "builds", "sizes"), [(7, 3, [3, 2, 2]), (3, 3, [1, 1, 1]), (1, 2, [1, 0]), (0, 2, [0, 0])]
)
def test_files_are_distributed_evenly_by_their_names(count: int, builds: int, sizes: list[int]) -> None:
    files = [f"{number}.js" for number in reversed(range(count))]
    parts = [shards.part(files, shard, builds, "equal-distribution") for shard in range(builds)]
    assert [len(found) for found in parts] == sizes
    assert [file for found in parts for file in found] == sorted(files)


def test_another_file_moves_no_file_if_the_distribution_is_stable() -> None:
    def parts(files: list[str]) -> list[set[str]]:
        return [set(shards.part(files, shard, 3, "stability")) for shard in range(3)]

    files = [f"{number}.js" for number in range(30)]
    assert set.union(*parts(files)) == set(files)
    assert all(fewer <= more for fewer, more in zip(parts(files[1:]), parts(files), strict=True))


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({}, "batch needs exactly one of build-graph, .*; it has none"),
    ({**GRAPH, "build-list": [{"identifier": "a"}]}, "it has build-graph, build-list"),
    ({"build-list": [{"buildspec": "a.yml"}]}, "a build of the batch has no identifier"),
    ({"build-list": [{"identifier": "a"}, {"identifier": "a"}]}, "two builds of the same identifier"),
    ({"build-graph": [{"identifier": "a", "depend-on": ["b"]}]}, "depend on each other, or on none that exists: a"),
    ({"build-fanout": {"parallelism": "0"}}, "batch build-fanout needs parallelism"),
    ({"build-fanout": {"ignore-failure": True}}, "batch build-fanout needs parallelism"),
]


@pytest.mark.parametrize(("section", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_invalid_batch_is_reported(section: dict[str, Any], message: str) -> None:
    with pytest.raises(BuildspecError, match=message):
        batch.read(section)
