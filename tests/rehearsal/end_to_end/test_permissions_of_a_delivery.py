"""A grant that is missing fails the rehearsal where AWS would fail the delivery, and says which role to change."""

import shutil
from pathlib import Path

import pytest

from rehearsal.report.progress import Result, Status
from tests.rehearsal.end_to_end.conftest import THERE, Repository, commit_all, run

PIPELINE = "yawl-delivery"
HOME = "111111111111"
REPLICA = "us-west-2"
"""Where the pipeline keeps artifacts for a firewall or copies of its own, beside its home."""


def home_lookup_role_only(template: Path) -> None:
    """Let whoever may assume the lookup roles of all regions assume the home region's alone."""
    text = template.read_text()
    every_region = f"lookup-role-{HOME}-*"
    assert every_region in text
    template.write_text(text.replace(every_region, f"lookup-role-{HOME}-us-east-1"))


@pytest.fixture
def without_the_grant(repository: Repository, tmp_path: Path) -> Repository:
    """The project as it was before the self-update could look into every region."""
    path = tmp_path / "repository"
    shutil.copytree(repository.path, path, symlinks=True)
    for folder in ("cdk.out", "synthesized"):
        home_lookup_role_only(path / folder / f"{PIPELINE}.template.json")
    shutil.rmtree(path / ".git")
    commit_all(path)
    return Repository(path, run("git", "rev-parse", "HEAD", directory=path).strip(), tmp_path / "rehearsals")


def test_self_update_without_lookup_permission_fails_as_on_aws(without_the_grant: Repository) -> None:
    assert THERE != REPLICA
    without_the_grant.directory.mkdir()
    with without_the_grant.rehearse() as rehearsed:
        assert rehearsed.result is Result.FAILED
        assert rehearsed.status("UpdatePipeline/SelfMutate") is Status.FAILED
        refusals = [str(refusal) for refusal in rehearsed.progress.refusals]
        [assuming] = [text for text in refusals if f"lookup-role-{HOME}-{REPLICA}" in text]
        assert "is not authorized to perform: sts:AssumeRole" in assuming
        assert "to allow it, change the role yawl-delivery/Pipeline/UpdatePipeline/SelfMutation/Role" in assuming
        assert "cloudformation:GetTemplate" in rehearsed.log("UpdatePipeline/SelfMutate")
        rehearsed.rehearsal.evaluate_permissions()
        found = rehearsed.progress.permissions
        assert found is not None
        assert (found["mode"], len(found["refused"])) == ("enforced", len(refusals))
