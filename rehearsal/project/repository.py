"""The git repository whose commits are rehearsed: the user's, or one made of a folder without git."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.process import git

IDENTITY = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false")
NO_SOURCE = ("node_modules/", ".venv/", "venv/", "cdk.out/", "__pycache__/", "*.pyc", ".git/")
"""What a folder without git contains beside its source, in git's notation; its own .gitignore files count as well."""
SUBMODULE = "160000"
"""The mode of a submodule's entry in a commit."""


@dataclass(frozen=True)
class Commit:
    """A commit and its subject."""

    id: str
    subject: str

    def __str__(self) -> str:
        return f"{self.id[:12]} “{self.subject}”"


@dataclass(frozen=True)
class Submodule:
    """A submodule of a commit."""

    path: str
    commit: str

    def is_in(self, work_tree: Path) -> bool:
        """Return whether the user has checked it out."""
        return (work_tree / self.path / ".git").exists()

    def url(self, checkout: Path) -> str:
        """Return its URL, as a checkout of the commit gives it; raises RehearsalError if it gives none."""
        settings = ("config", "--file", ".gitmodules")
        paths = _git(checkout, *settings, "--get-regexp", r"^submodule\..*\.path$").splitlines()
        names = {path: key.removesuffix(".path") for key, _, path in (line.partition(" ") for line in paths)}
        return _git(checkout, *settings, f"{names.get(self.path, 'submodule')}.url")


class Repository:
    """Reads a repository."""

    def __init__(self, directory: Path, work_tree: Path) -> None:
        self.directory = directory
        """Where git commands find the repository."""
        self.work_tree = work_tree
        """The root of the user's files."""

    def __str__(self) -> str:
        return self.work_tree.name

    @classmethod
    def containing(cls, folder: Path) -> "Repository":
        """Return the repository that a folder is part of; raises RehearsalError if there is none."""
        try:
            root = Path(_git(folder, "rev-parse", "--show-toplevel"))
        except _GitError as error:
            raise RehearsalError(
                f"no git repository can be read in {folder} ({error}), and a rehearsal delivers a commit; "
                "to rehearse a folder without git: --source FOLDER"
            ) from None
        return cls(root, root)

    @classmethod
    def of_folder(cls, folder: Path, directory: Path) -> "Repository":
        """Commit a folder's files into a new repository in `directory`; raises RehearsalError.

        Leaves out what its .gitignore files name, and installed packages. Nothing is written into the folder.
        """
        if not folder.is_dir():
            raise RehearsalError(f"--source {folder}: no such folder; name the folder of the project")
        _git(Path.cwd(), "init", "--quiet", "--bare", "--initial-branch=main", str(directory))
        (directory / "info").mkdir(exist_ok=True)
        (directory / "info/exclude").write_text("\n".join(NO_SOURCE))
        tree = (f"--git-dir={directory}", f"--work-tree={folder.resolve()}")
        quiet = ("-c", "advice.addEmbeddedRepo=false", "-c", "core.hooksPath=/dev/null", "-c", "core.safecrlf=false")
        _git(folder, *tree, *quiet, "add", "--all", ".")
        message = f"The files of {folder.resolve().name}"
        _git(folder, *tree, *quiet, *IDENTITY, "commit", "--quiet", "--allow-empty", f"--message={message}")
        return cls(directory, folder.resolve())

    def commit(self, ref: str, *, option: str) -> Commit:
        """Return the commit that `ref` names; `option` is where the user named it. Raises RehearsalError."""
        try:
            commit = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        except _GitError:
            if not self._git("rev-list", "--all", "--max-count=1"):
                raise RehearsalError("the repository has no commit yet, and a rehearsal delivers one; commit") from None
            raise RehearsalError(f"{option} {ref}: no such commit here; name a branch, tag or commit") from None
        subject = self._git("show", "--no-show-signature", "--no-patch", "--format=%s", commit)
        return Commit(commit, subject)

    def uncommitted(self) -> list[str]:
        """Return the files of the work tree with changes that no commit has."""
        if self.directory != self.work_tree:
            return []
        changed = self._git("status", "--porcelain", "-z").split("\0")
        return [entry[3:] for entry in changed if entry]

    def files(self, commit: str, name: str) -> list[str]:
        """Return the paths of the commit's files of this name, the shortest first."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split("\0")
        return sorted((path for path in listed if path.rpartition("/")[2] == name), key=lambda path: path.count("/"))

    def branches(self) -> set[str]:
        """Return the names of the branches here and, as far as they were fetched, at the remotes."""
        local = self._git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").splitlines()
        return {*local, *self._git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes").splitlines()}

    def text(self, commit: str, path: str) -> str:
        """Return the commit's file; empty if it has none."""
        try:
            return self._git("show", "--no-show-signature", f"{commit}:{path}")
        except _GitError:
            return ""

    def submodules(self, commit: str) -> list[Submodule]:
        """Return the commit's submodules."""
        listed = (entry.split("\t", 1) for entry in self._git("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"))
        return [
            Submodule(path, details.split()[2])
            for details, path in (entry for entry in listed if len(entry) == 2)
            if details.startswith(SUBMODULE)
        ]

    def check_out(self, commit: str, target: Path) -> list[str]:
        """Check out a commit into `target`, with the submodules that the user has; return the paths of the others."""
        _git(self.work_tree, "clone", "--quiet", "--no-checkout", "--shared", str(self.directory), str(target))
        # The commit need not be on a branch, and a copy would lack it.
        _git(target, "fetch", "--quiet", "origin", commit)
        _git(target, "checkout", "--quiet", "--detach", commit)
        return list(self._check_out_submodules(commit, target))

    def _check_out_submodules(self, commit: str, target: Path) -> Iterator[str]:
        for submodule in self.submodules(commit):
            folder = self.work_tree / submodule.path
            if not submodule.is_in(self.work_tree):
                yield submodule.path
                continue
            with contextlib.suppress(OSError):
                (target / submodule.path).rmdir()
            try:
                missing = Repository(folder, folder).check_out(submodule.commit, target / submodule.path)
            except _GitError:
                # The user's clone of it is older than the commit.
                yield submodule.path
            else:
                yield from (f"{submodule.path}/{path}" for path in missing)

    def _git(self, *arguments: str) -> str:
        return _git(self.directory, *arguments)


class _GitError(RehearsalError):
    """Git refused."""


def _git(directory: Path, *arguments: str) -> str:
    done = git.run("-C", str(directory), *arguments)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ").splitlines()
        raise _GitError(said[0] if said else f"git {arguments[0]} failed")
    return done.stdout.decode(errors="replace").rstrip()
