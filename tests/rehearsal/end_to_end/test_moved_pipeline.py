"""A push that moves the pipeline stops in the Synth action, and no second pipeline comes into being."""

import shutil
import sys
from pathlib import Path

from cloud_assembly import AwsEnvironment
from rehearsal import assembly
from rehearsal.engine.approvals import PresetApprover
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report.progress import Progress, Result
from tests.rehearsal.end_to_end.conftest import HERE, THERE, Repository, commit_all, run

HOME = "111111111111"


def test_push_that_moves_the_pipeline_stops_before_it_updates_itself(repository: Repository, tmp_path: Path) -> None:
    path = tmp_path / "repository"
    shutil.copytree(repository.path, path, symlinks=True)
    text = (path / "delivery.toml").read_text()
    moved = text.replace(f'"{HOME}"\nregion = "{HERE}"', f'"{HOME}"\nregion = "{THERE}"')
    assert moved != text
    (path / "delivery.toml").write_text(moved)
    (path / "Makefile").write_text(f"synth:\n\t@{sys.executable} pipeline_app.py\n")
    commit_all(path)
    plan = Plan(
        assembly=assembly.read(repository.path / "cdk.out"),
        repository=path,
        commit=run("git", "rev-parse", "HEAD", directory=path).strip(),
        approver=PresetApprover(answer=True),
    )
    progress = Progress(tmp_path / "logs", lambda _: None)
    with Rehearsal(plan, progress) as rehearsal:
        rehearsal.run()
        assert rehearsal.cloud is not None
        there = rehearsal.cloud.in_account("cloudformation", AwsEnvironment(HOME, THERE)).describe_stacks()["Stacks"]
    assert progress.result is Result.FAILED
    assert progress.reason.startswith(
        f'Build/Synth: delivery.toml: pipeline.region: "{THERE}" is not where this pipeline'
    )
    assert "yawl-delivery" not in {stack["StackName"] for stack in there}
