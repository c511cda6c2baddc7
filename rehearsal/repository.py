"""The git repository whose commits are rehearsed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError


@dataclass(frozen=True)
class Commit:
    """A commit and its subject."""

    id: str
    subject: str

    def __str__(self) -> str:
        return f"{self.id[:12]} “{self.subject}”"


class Repository:
    """Reads the repository of a folder; raises RehearsalError if there is none or git is not installed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            self._git("rev-parse", "--git-dir")
        except FileNotFoundError:
            raise RehearsalError("git is not installed, and a rehearsal delivers a commit; install git") from None
        except _GitError as error:
            raise RehearsalError(
                f"no git repository can be read in {directory} ({error}), and a rehearsal delivers a commit; "
                "clone the repository, or run: git init && git add . && git commit -m 'First commit'"
            ) from None

    def commit(self, ref: str, *, option: str) -> Commit:
        """Return the commit that `ref` names; `option` is where the user named it."""
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
        changed = self._git("status", "--porcelain", "-z").split("\0")
        return [entry[3:] for entry in changed if entry]

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self._directory), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().removeprefix("fatal: ").splitlines()
            raise _GitError(said[0] if said else f"git {arguments[0]} failed")
        return done.stdout.rstrip()


class _GitError(RehearsalError):
    """Git refused."""
