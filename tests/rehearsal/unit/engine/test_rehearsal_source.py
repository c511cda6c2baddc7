"""The Source action delivers the commit, and nothing that is not in it."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.actions import source
from rehearsal.actions.run import ActionFailed, Context, Run
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.definition import parse
from rehearsal.process.processes import Processes
from rehearsal.workloads.tasks import NoTasks
from tests.rehearsal.unit.rehearsal_fakes import HOME, OnePipeline, action, pipeline, stage

CONNECTION = f"arn:aws:codeconnections:us-east-1:{HOME.account}:connection/1"


class Repository:
    """A repository whose commits are delivered."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "repository"
        self.path.mkdir()
        self.artifacts = Artifacts(directory / "artifacts")
        self.log: list[str] = []
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        author = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.path), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", f"--message={message}")
        return self.git("rev-parse", "HEAD")

    def deliver(self, commit: str) -> dict[str, str]:
        """Run the action; return its variables."""
        document = action("Source", BranchName="main", FullRepositoryId="us/yawl", ConnectionArn=CONNECTION)
        document["outputArtifacts"] = [{"name": "Source"}]
        definition = parse(pipeline(stage("Source", document)), HOME.region)
        context = Context(
            cloud=OnePipeline(pipeline()),
            processes=Processes(),
            artifacts=self.artifacts,
            definition=definition,
            home=HOME,
            execution_id="execution",
            repository=self.path,
            commit=commit,
            directory=self.path,
            approver=PresetApprover(answer=True),
            workloads=NoTasks(),
        )
        found = definition.stages[0].actions[0]
        return dict(source.execute(Run("Source", found, found.configuration, context, self.log.append)).variables)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_the_commit_is_delivered_without_what_is_not_in_it(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "run").write_text("committed")
    commit = repository.commit("First")
    (repository.path / "run").write_text("changed since")
    (repository.path / "new").write_text("not committed")
    repository.deliver(commit)
    repository.artifacts.unpack("Source", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run"]
    assert (tmp_path / "out/run").read_text() == "committed"


def test_an_earlier_commit_can_be_delivered(repository: Repository) -> None:
    for text in ("one", "two"):
        (repository.path / "file").write_text(text)
        repository.commit(text)
    repository.deliver(repository.git("rev-parse", "HEAD~1"))
    assert repository.artifacts.read("Source::file") == "one"


MESSAGES = ["Subject", "Subject\n\nBody with “quotes”, 'others'\nand lines", ""]


@pytest.mark.parametrize("message", MESSAGES)
def test_its_variables_are_the_connections(repository: Repository, message: str) -> None:
    repository.git("config", "log.showSignature", "true")
    commit = repository.commit(message)
    variables = repository.deliver(commit)
    assert variables.pop("AuthorDate") == repository.git("show", "--no-patch", "--format=%aI")
    assert variables == {
        "CommitId": commit,
        "AuthorDisplayName": "Test",
        "AuthorEmail": "test@example.com",
        "CommitMessage": message,
        "BranchName": "main",
        "FullRepositoryName": "us/yawl",
        "ConnectionArn": CONNECTION,
    }
    assert repository.log == [f"{commit[:12]} {message.partition(chr(10))[0]}"]


def test_what_git_objects_to_is_the_reason(repository: Repository) -> None:
    with pytest.raises(ActionFailed, match=r"^git show: .*0000000"):
        repository.deliver("0" * 40)
