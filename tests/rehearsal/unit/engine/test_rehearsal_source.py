"""The Source action delivers the commit, and nothing that is not in it."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.actions.run import ActionFailed, Context, Run
from rehearsal.actions.sources import connection, full_clone
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.definition import parse
from rehearsal.process.processes import Processes
from rehearsal.workloads.tasks import NoTasks
from tests.rehearsal.unit.rehearsal_fakes import HOME, OnePipeline, action, pipeline, stage

CONNECTION = f"arn:aws:codeconnections:us-east-1:{HOME.account}:connection/1"


class Repository:
    """A repository whose commits are delivered."""

    def __init__(self, directory: Path, *, clone_of: "Repository | None" = None) -> None:
        self.path = directory / "repository"
        self.path.mkdir(parents=True)
        self.artifacts = Artifacts(directory / "artifacts")
        self.log: list[str] = []
        if clone_of:
            self.git("clone", "--quiet", "--depth=1", clone_of.path.as_uri(), ".")
        else:
            self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        author = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.path), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", f"--message={message}")
        return self.git("rev-parse", "HEAD")

    def deliver(self, commit: str, **configuration: str) -> dict[str, str]:
        """Run the action; return its variables."""
        run = self.run(commit, **configuration)
        return dict(connection.execute(run).variables)

    def run(self, commit: str, **configuration: str) -> Run:
        document = action("Source", BranchName="main", FullRepositoryId="us/yawl", ConnectionArn=CONNECTION)
        document["configuration"] |= configuration
        document["actionTypeId"]["category"] = "Source"
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
        return Run("Source", found, found.configuration, context, self.log.append)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_only_committed_files_are_delivered(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "run").write_text("committed")
    commit = repository.commit("First")
    (repository.path / "run").write_text("changed since")
    (repository.path / "new").write_text("not committed")
    repository.deliver(commit)
    repository.artifacts.unpack("Source", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run"]
    assert (tmp_path / "out/run").read_text() == "committed"


def test_earlier_commit_can_be_delivered(repository: Repository) -> None:
    for text in ("one", "two"):
        (repository.path / "file").write_text(text)
        repository.commit(text)
    repository.deliver(repository.git("rev-parse", "HEAD~1"))
    assert repository.artifacts.read("Source::file") == "one"


class TestFullClone:
    """A build that reads a clone has the whole history, if its role may use the connection."""

    ROLE = "arn:aws:iam::111111111111:role/build"

    def clone(self, repository: Repository, commit: str, target: Path) -> Run:
        run = repository.run(commit, OutputArtifactFormat=full_clone.FORMAT)
        connection.execute(run)
        repository.artifacts.unpack("Source", target)
        full_clone.clone(run, target, role_arn=self.ROLE)
        return run

    def log(self, target: Path) -> list[str]:
        command = ["git", "-C", str(target), "log", "--format=%s"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    def test_it_has_the_commits_files_and_every_commit_before(self, repository: Repository, tmp_path: Path) -> None:
        commits = []
        for text in ("one", "two", "three"):
            (repository.path / "file").write_text(text)
            commits.append(repository.commit(text))
        self.clone(repository, commits[1], tmp_path / "out")
        assert (tmp_path / "out/file").read_text() == "two"
        assert self.log(tmp_path / "out") == ["two", "one"]

    def test_commit_on_no_branch_of_a_shallow_repository_is_cloned_too(
        self, repository: Repository, tmp_path: Path
    ) -> None:
        for text in ("one", "two"):
            repository.commit(text)
        shallow = Repository(tmp_path / "below", clone_of=repository)
        tree = shallow.git("rev-parse", "HEAD^{tree}")
        commit = shallow.git("commit-tree", tree, "-p", "HEAD", "-m", "three")
        self.clone(shallow, commit, tmp_path / "out")
        assert self.log(tmp_path / "out") == ["three", "two"]

    def test_builds_role_must_be_allowed_to_use_the_connection(
        self, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, str, str]] = []

        def check(_self: object, principal: str, action: str, resource: str, **_context: str) -> None:
            asked.append((principal, action, resource))

        monkeypatch.setattr(OnePipeline, "check", check)
        self.clone(repository, repository.commit("one"), tmp_path / "out")
        assert asked[-1] == (self.ROLE, "codeconnections:UseConnection", CONNECTION)


MESSAGES = ["Subject", "Subject\n\nBody with “quotes”, 'others'\nand lines", ""]


@pytest.mark.parametrize("message", MESSAGES)
def test_source_variables_match_codeconnections(repository: Repository, message: str) -> None:
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


def test_git_error_is_the_reason(repository: Repository) -> None:
    with pytest.raises(ActionFailed, match=r"^git show: .*0000000"):
        repository.deliver("0" * 40)
