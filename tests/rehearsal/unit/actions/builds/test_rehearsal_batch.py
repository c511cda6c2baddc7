"""The builds of a batch, and when each can start."""

from typing import Any

import pytest

from rehearsal.actions.builds import batch
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


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({}, "batch needs exactly one of build-graph, .*; it has none"),
    ({**GRAPH, "build-list": [{"identifier": "a"}]}, "it has build-graph, build-list"),
    ({"build-list": [{"buildspec": "a.yml"}]}, "a build of the batch has no identifier"),
    ({"build-list": [{"identifier": "a"}, {"identifier": "a"}]}, "two builds of the same identifier"),
    ({"build-graph": [{"identifier": "a", "depend-on": ["b"]}]}, "depend on each other, or on none that exists: a"),
    ({"build-fanout": {"parallelism": "5"}}, "batch build-fanout needs CodeBuild's test splitting"),
]


@pytest.mark.parametrize(("section", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_invalid_batch_is_reported(section: dict[str, Any], message: str) -> None:
    with pytest.raises(BuildspecError, match=message):
        batch.read(section)
