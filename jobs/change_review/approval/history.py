"""The history of the released commit: `python -m jobs.change_review.approval.history cdk.out`.

The Synth action has a clone and writes the history into the assembly. The reviews have only the commit's files, and
read it there. Takes the standard library only.

Exit codes: 0 written, or the repository has no history; 1 the assembly cannot be written to.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FILE: Final = "commits.json"
"""Its name in the assembly."""
MOST_COMMITS: Final = 1000
"""Of the commit's own history, and as many of other branches. A thousand are about 250 KB."""
SETTINGS: Final = "delivery.toml"
_FORMAT: Final = "%H%x00%P%x00%an%x00%cI%x00%s"
_ACCEPTANCE: Final = re.compile(r"""accepted_changes\s*\.\s*["']?(\w+)|^\s*["']?([0-9a-f]{12})["']?\s*[.=]""")
_REASON: Final = re.compile(r"\breason\s*=")


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit."""

    id: str
    parents: tuple[str, ...] = ()
    author: str
    date: str
    """When it was committed, in ISO 8601."""
    title: str


@dataclass(frozen=True, kw_only=True)
class Range:
    """The commits that a release adds to a deployed commit, newest first, and those that it takes back."""

    added: tuple[Commit, ...]
    taken_back: tuple[Commit, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """A commit's history, as far as it was written."""

    commits: Mapping[str, Commit] = field(default_factory=dict)
    """By id, newest first."""
    acceptances: Mapping[str, Commit] = field(default_factory=dict)
    """The commit that wrote the reason of an accepted change, by the change's fingerprint."""
    missing: str = ""
    """Why there is none; empty: there is one."""

    def between(self, deployed: str, released: str) -> Range | None:
        """Return the commits between two; None if one of them is not in the history."""
        if deployed not in self.commits or released not in self.commits:
            return None
        before, after = self._ancestors(deployed), self._ancestors(released)
        return Range(added=self._of(after - before), taken_back=self._of(before - after))

    def _ancestors(self, commit: str) -> Set[str]:
        found: set[str] = set()
        todo = [commit]
        while todo:
            one = todo.pop()
            if one not in found and one in self.commits:
                found.add(one)
                todo += self.commits[one].parents
        return found

    def _of(self, ids: Set[str]) -> tuple[Commit, ...]:
        return tuple(commit for commit in self.commits.values() if commit.id in ids)


def read(assembly: Path) -> History:
    """Return the history in an assembly. One without it, or one that is broken, never stops a release."""
    try:
        content = json.loads((assembly / FILE).read_text(encoding="utf-8"))
        commits = [_commit(one) for one in content["commits"]]
        return History(
            commits={commit.id: commit for commit in commits},
            acceptances={change: _commit(one) for change, one in content["acceptances"].items()},
            missing=content["missing"],
        )
    except FileNotFoundError:
        return History(missing="the Synth action wrote no history: it did not clone the repository")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return History(missing=f"the history in the assembly cannot be read: {error!r}")


def write(repository: Path, assembly: Path) -> str:
    """Write the history of the repository's HEAD into the assembly; return why there is none, or nothing."""
    content: dict[str, Any] = {"commits": [], "acceptances": {}, "missing": ""}
    try:
        own = _log(repository, "HEAD")
        # If the deployed commit is newer than this one, or on another branch, these show what the release takes back.
        others = _log(repository, "--branches", "--remotes", "--not", "HEAD")
        content["commits"] = [_entry(commit) for commit in [*others, *own]]
        content["acceptances"] = {change: _entry(one) for change, one in _acceptances(repository, own).items()}
    except (OSError, subprocess.CalledProcessError) as error:
        lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
        # Below a mount point, git adds a line that says where it stopped looking.
        why = next((line for line in lines if line.startswith("fatal: ")), lines[-1] if lines else error)
        content["missing"] = f"git could not read it: {why}"
    (assembly / FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")
    return content["missing"]


def _log(repository: Path, *revisions: str) -> list[Commit]:
    text = _git(repository, "log", f"--max-count={MOST_COMMITS}", "--topo-order", f"--format={_FORMAT}", *revisions)
    found = []
    for line in text.split("\n"):
        if line:
            commit, parents, author, date, title = line.split("\0")
            found.append(Commit(id=commit, parents=tuple(parents.split()), author=author, date=date, title=title))
    return found


def _acceptances(repository: Path, commits: Sequence[Commit]) -> dict[str, Commit]:
    """Return who wrote the reason of each accepted change, from the settings' blame."""
    known = {commit.id: commit for commit in commits}
    found: dict[str, Commit] = {}
    change = ""
    for commit, line in _blame(repository, known):
        if line.lstrip().startswith("[") or _ACCEPTANCE.search(line):
            match = _ACCEPTANCE.search(line)
            change = (match[1] or match[2]) if match else ""
        if change and (change not in found or _REASON.search(line)):
            found[change] = commit
    return found


def _blame(repository: Path, known: Mapping[str, Commit]) -> list[tuple[Commit, str]]:
    """Return each line of the settings with the commit that wrote it."""
    try:
        text = _git(repository, "blame", "--line-porcelain", "HEAD", "--", SETTINGS)
    except subprocess.CalledProcessError:
        return []
    lines = []
    header: dict[str, str] = {}
    for line in text.split("\n"):
        if line.startswith("\t"):
            commit = known.get(header["id"]) or Commit(
                id=header["id"], author=header.get("author", "unknown"), date="", title=header.get("summary", "")
            )
            lines.append((commit, line[1:]))
            header = {}
        elif line:
            key, _, value = line.partition(" ")
            header |= {key: value} if header else {"id": key}
    return lines


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


def _entry(commit: Commit) -> list[Any]:
    return [commit.id, list(commit.parents), commit.author, commit.date, commit.title]


def _commit(entry: Sequence[Any]) -> Commit:
    commit, parents, author, date, title = entry
    return Commit(id=commit, parents=tuple(parents), author=author, date=date, title=title)


def main() -> int:
    """Write the history into the assembly that the command line names, and return the exit code."""
    try:
        missing = write(Path.cwd(), Path(sys.argv[1]))
    except OSError as error:
        print(f"synth: {error.filename} cannot be written: {error.strerror}; run make assembly", file=sys.stderr)
        return 1
    if missing:
        print(f"reviews will not show commits: {missing}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
