"""Small CDK Pipelines projects of every shape run to their verdict."""

from pathlib import Path

import pytest

from tests.rehearsal.projects.harness import Project, projects, rehearse

PROJECTS = projects()


@pytest.mark.parametrize("project", PROJECTS, ids=[project.name for project in PROJECTS])
def test_project_runs_to_its_verdict(project: Project, tmp_path: Path) -> None:
    done = rehearse(project, tmp_path / "repository")
    assert done.exit_code == project.expected.exit_code, done.output
    for text in project.expected.shows:
        assert text in done.output
    for text in project.expected.hides:
        assert text not in done.output
    assert done.new_files == ()
