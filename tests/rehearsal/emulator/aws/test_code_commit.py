"""CodeCommit answers about the rehearsed commit, as an app asks while it is synthesized."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.errors import NOT_EMULATED
from tests.rehearsal.emulator.conftest import Account

NAME = {"repositoryName": "project"}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def commits(account: Account, tmp_path: Path) -> list[str]:
    """Two commits, of which the second is the rehearsed one."""
    git(tmp_path, "init", "--quiet")
    for text in ("one", "two"):
        (tmp_path / "version.txt").write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "--message", f"Add {text}\n\nIts reason.")
    found = [git(tmp_path, "rev-parse", name) for name in ("HEAD~1", "HEAD")]
    account.cloud.set_commit(tmp_path, found[1])
    return found


@pytest.fixture
def client(account: Account) -> Any:
    return account.client("codecommit")


def test_branch_ends_at_the_rehearsed_commit(client: Any, commits: list[str]) -> None:
    assert client.get_branch(**NAME, branchName="main")["branch"] == {"branchName": "main", "commitId": commits[1]}
    assert client.get_repository(**NAME)["repositoryMetadata"]["repositoryName"] == "project"


def test_commit_has_its_people_message_and_parents(client: Any, commits: list[str]) -> None:
    found = client.get_commit(**NAME, commitId=commits[1])["commit"]
    assert (found["commitId"], found["parents"], found["message"]) == (
        commits[1],
        commits[:1],
        "Add two\n\nIts reason.",
    )
    assert (found["author"]["name"], found["committer"]["email"]) == ("Ada", "ada@example.com")
    assert client.get_commit(**NAME, commitId=commits[0])["commit"]["parents"] == []


def test_file_of_a_branch_and_of_a_commit(client: Any, commits: list[str]) -> None:
    file = {**NAME, "filePath": "version.txt"}
    assert client.get_file(**file)["fileContent"] == b"two"
    assert client.get_file(**file, commitSpecifier="main")["fileContent"] == b"two"
    assert client.get_file(**file, commitSpecifier=commits[0])["fileContent"] == b"one"


def test_what_does_not_exist_is_refused(client: Any, commits: list[str]) -> None:
    assert commits
    with pytest.raises(ClientError, match="CommitIdDoesNotExistException"):
        client.get_commit(**NAME, commitId="0" * 40)
    with pytest.raises(ClientError, match="FileDoesNotExistException"):
        client.get_file(**NAME, filePath="none.txt")


def test_other_calls_are_gaps(client: Any) -> None:
    with pytest.raises(ClientError, match=f"{NOT_EMULATED}: codecommit:ListBranches"):
        client.list_branches(**NAME)
