"""The repository and the app are found from any folder, and a commit is checked out with what the user has of it."""

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.project.discovery import app_command, find
from rehearsal.project.repository import Repository
from rehearsal.project.synthesis import link_packages

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *IDENTITY, "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def committed(folder: Path, *files: str) -> str:
    """Commit these files, with their names as their content; return the commit."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=Commit")
    return git(folder, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("files", "here", "expected"),
    [
        (("cdk.json",), ".", "."),
        (("cdk.json", "lib/a.ts"), "lib", "."),
        (("infra/cdk.json", "README.md"), ".", "infra"),
        (("infra/cdk.json", "web/a.ts"), "web", "infra"),
        (("cdk.json", "infra/cdk.json"), "infra", "infra"),
        (("one/cdk.json", "two/cdk.json"), "two", "two"),
    ],
)
def test_nearest_project_is_found(files: tuple[str, ...], here: str, expected: str, tmp_path: Path) -> None:
    commit = committed(tmp_path, *files)
    repository = Repository.containing(tmp_path / here)
    assert repository.work_tree == tmp_path
    assert find(repository, commit, tmp_path / here).folder == PurePosixPath(expected)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("one/cdk.json", "two/cdk.json"), "has several CDK projects; run the rehearsal in one of: one, two$"),
        (("README.md",), "has no cdk.json; commit the one of the CDK app, or name an assembly"),
    ],
)
def test_choice_of_projects_is_the_users(files: tuple[str, ...], message: str, tmp_path: Path) -> None:
    commit = committed(tmp_path, *files)
    with pytest.raises(RehearsalError, match=message):
        find(Repository.containing(tmp_path), commit, tmp_path)


def test_folder_without_git_becomes_a_commit(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    for name in ("cdk.json", ".gitignore", "secret.env", "node_modules/a/index.js", "lib/app.ts", "cdk.out/tree.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret.env")
    before = sorted(folder.rglob("*"))
    repository = Repository.of_folder(folder, tmp_path / "source.git")
    commit = repository.commit("HEAD", option="--ref").id
    repository.check_out(commit, tmp_path / "checkout")
    files = {str(file.relative_to(tmp_path / "checkout")) for file in (tmp_path / "checkout").rglob("*")}
    assert {name for name in files if not name.startswith(".git/")} == {
        ".git",
        ".gitignore",
        "cdk.json",
        "lib",
        "lib/app.ts",
    }
    assert sorted(folder.rglob("*")) == before
    assert repository.uncommitted() == []
    with pytest.raises(RehearsalError, match=r"^--source .*nowhere: no such folder"):
        Repository.of_folder(tmp_path / "nowhere", tmp_path / "other.git")


def test_submodules_are_checked_out_if_the_user_has_them(tmp_path: Path) -> None:
    library, project = tmp_path / "library", tmp_path / "project"
    library.mkdir()
    committed(library, "shared.ts")
    project.mkdir()
    committed(project, "cdk.json")
    git(project, "submodule", "--quiet", "add", str(library), "lib/shared")
    commit = committed(project)
    assert Repository.containing(project).check_out(commit, tmp_path / "one") == []
    assert (tmp_path / "one/lib/shared/shared.ts").read_text() == "shared.ts"
    git(project, "submodule", "--quiet", "deinit", "--all", "--force")
    assert Repository.containing(project).check_out(commit, tmp_path / "two") == ["lib/shared"]


def test_installed_packages_are_linked(tmp_path: Path) -> None:
    work_tree, checkout = tmp_path / "work", tmp_path / "checkout"
    for folder in (work_tree / "infra/node_modules/aws-cdk-lib", work_tree / ".venv", checkout / "infra"):
        folder.mkdir(parents=True)
    (checkout / ".venv").mkdir()
    link_packages(work_tree, checkout)
    assert (checkout / "infra/node_modules").resolve() == work_tree / "infra/node_modules"
    assert not (checkout / ".venv").is_symlink(), "the commit's own"


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_missing_app_is_explained(text: str, tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text(text)
    with pytest.raises(RehearsalError, match=r"^cdk.json of the commit names no app .*; add the command"):
        app_command(tmp_path, PurePosixPath())
