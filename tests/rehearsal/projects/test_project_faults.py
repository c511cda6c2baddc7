"""A fault in each of the small CDK Pipelines projects is found: a file of its own, for another worker of pytest."""

from pathlib import Path

import pytest

from tests.rehearsal.projects.harness import Fault, Project, projects, rehearse

PROJECTS = projects()
FAULTS = [(project, fault) for project in PROJECTS for fault in project.faults]


@pytest.mark.parametrize(("project", "fault"), FAULTS, ids=[f"{project.name}-{fault.id}" for project, fault in FAULTS])
def test_fault_in_a_project_is_found(project: Project, fault: Fault, tmp_path: Path) -> None:
    done = rehearse(project, tmp_path / "repository", fault)
    assert done.exit_code == fault.expected.exit_code, done.output
    for text in fault.expected.shows:
        assert text in done.output


def test_every_project_has_a_fault_that_is_found() -> None:
    assert [project.name for project in PROJECTS if not project.faults] == []
