"""`FROM=` installs the older commit's pipeline, so that what an update adds, moves or removes is rehearsed."""

import re
import shutil
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal import assembly
from rehearsal.engine.approvals import PresetApprover
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report.progress import Progress, Status
from tests.example import EXAMPLE
from tests.rehearsal.end_to_end.conftest import SHORT_DEADLINE, commit_all, run, with_settings

DEV, NEW = AwsEnvironment("222222222222", "us-east-1"), AwsEnvironment("555555555555", "eu-west-1")


def only_dev() -> str:
    text = re.sub(r"\[environments\.(staging|prod)\].*?(?=\n\[|\Z)", "", EXAMPLE.read_text(), flags=re.DOTALL)
    return text + SHORT_DEADLINE


def with_another(text: str) -> str:
    """The settings with a second environment, in an account and a region that nothing was in."""
    [dev] = re.findall(r"\[environments\.dev\].*?(?=\n\[|\Z)", text, flags=re.DOTALL)
    new = dev.replace("environments.dev", "environments.new").replace(DEV.account, NEW.account)
    assert DEV.region in new
    return f"{text}\n{new.replace(DEV.region, NEW.region)}\n{SHORT_DEADLINE.replace('.dev.', '.new.')}"


def test_removed_environment_is_an_update_of_the_older_pipeline(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    older = with_settings(with_another(only_dev()), tmp_path_factory)
    path = tmp_path / "repository"
    shutil.copytree(older.path, path, symlinks=True)
    (path / "delivery.toml").write_text(only_dev())
    run("cdk", "synth", "--quiet", "--no-validation", directory=path)
    shutil.rmtree(path / "synthesized")
    shutil.copytree(path / "cdk.out", path / "synthesized")
    commit_all(path)
    plan = Plan(
        assembly=assembly.read(path / "cdk.out"),
        repository=path,
        commit=run("git", "rev-parse", "HEAD", directory=path).strip(),
        approver=PresetApprover(answer=True),
        base_commit=older.commit,
        base_assembly=assembly.read(older.path / "cdk.out"),
        variable_overrides={"BAKE_MINUTES": "0.005", "P99_LIMIT_SECONDS": "30"},
    )
    progress = Progress(tmp_path / "logs", lambda _: None, deliveries=("older", "newer"))
    with Rehearsal(plan, progress) as rehearsal:
        rehearsal.run()
        assert rehearsal.cloud is not None
        found = rehearsal.cloud.in_account("cloudformation", NEW).describe_stacks()["Stacks"]
    first = {stage.name: stage.status for stage in progress.superseded[0]}
    assert first["New"] is Status.SUCCEEDED, progress.reason
    assert "yawl-new-network" in {stack["StackName"] for stack in found}
    assert progress.delivery == 2, progress.reason
    # The newer commit updates the older one's pipeline, or is stopped because that needs to be accepted.
    asked = "UpdatePipeline/SelfMutate: stops: the pipeline's own permissions would grow"
    assert progress.restarts == 1 or progress.reason.startswith(asked)
    assert ("New" in [stage.name for stage in progress.stages]) is (progress.restarts == 0)
