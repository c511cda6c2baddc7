"""From which commit to which: what an environment runs now, what would replace it, and every commit in between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cloud_assembly import UserError
from jobs.change_review.approval import history
from jobs.change_review.approval.exercised import Received, received
from jobs.change_review.approval.history import Commit, Range
from jobs.change_review.approval.release_records import Deployed, ReleaseRecords
from jobs.change_review.pipeline_run import PipelineRun, one_line
from jobs.change_review.review import Review

SHORT: Final = 12
"""Characters shown of a commit's id."""
MOST_MAILED: Final = 20
"""How many commits the approval's mail lists; the page lists all."""
LONGEST_LINE: Final = 100
"""Characters of a commit's line in the mail."""
LONGEST_RUNS: Final = 95
"""Characters of `Release.runs`, which is part of the approval's comment."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a release would replace."""

    commit: str
    title: str
    execution: str
    running: tuple[Deployed | None, ...] = ()
    """What each of the environment's stages runs; None: no release is on record."""
    not_known: str = ""
    """Why it is not known what runs; empty: it is known."""
    commits: Range | None = None
    """The commits between; None: see `no_commits`."""
    no_commits: str = ""
    link: str = ""
    """A commit's page at its provider, with its diff; `{commit}` stands for the id. Empty: not known."""
    failed: tuple[str, ...] = ()
    """Stages of the environment whose last execution failed, so that parts of another release may run."""
    earlier: tuple[Received, ...] = ()
    acceptances: Mapping[str, Commit] = field(default_factory=dict)
    """Who wrote the reason of each accepted change."""

    @property
    def deployed(self) -> tuple[Deployed, ...]:
        """The different releases that run now."""
        return tuple({one.commit: one for one in self.running if one}.values())

    def runs(self) -> str:
        """Return in one short line what runs now, for the approval and its mail."""
        if self.not_known:
            return "not known: see the review"
        if not self.deployed:
            return "no release on record"
        if len(self.deployed) > 1:
            return f"different commits in its regions: {', '.join(one.commit[:SHORT] for one in self.deployed)}"
        [one] = self.deployed
        if one.commit == self.commit:
            return f"{one.commit[:SHORT]}, the same commit"
        behind = f" ({self.distance()})" if self.distance() else ""
        room = LONGEST_RUNS - SHORT - len(behind) - 3
        return f"{one.commit[:SHORT]} “{one_line(one.title, room)}”{behind}"

    def distance(self) -> str:
        """Return how many commits the release adds and takes back; empty if not known."""
        if self.commits is None:
            return ""
        added, back = len(self.commits.added), len(self.commits.taken_back)
        parts = [f"{added} commit{'s' if added != 1 else ''} to add"] if added or not back else []
        return ", ".join([*parts, f"{back} to take back"] if back else parts)

    def mailed(self) -> list[str]:
        """Return the lines of the mail: a commit each, newest first."""
        if self.commits is None:
            return [f"not known: {one_line(self.no_commits, LONGEST_LINE)}"] if self.no_commits else []
        lines = [*_lines("+", self.commits.added), *_lines("-", self.commits.taken_back)]
        more = [f"and {len(lines) - MOST_MAILED} more, see the review"] if len(lines) > MOST_MAILED else []
        return [*lines[:MOST_MAILED], *more]

    def address(self, commit: str) -> str:
        """Return the address of a commit's diff, or nothing."""
        return self.link.replace("{commit}", commit)


def read(review: Review, run: PipelineRun, *, assembly: Path, earlier: Sequence[str]) -> Release:
    """Gather what runs now and what lies between. What cannot be read is said instead and does not stop a release."""
    known = history.read(assembly)
    records = run.records()
    running: tuple[Deployed | None, ...] = ()
    not_known = ""
    exercised: tuple[Received, ...] = ()
    try:
        running = records.running(review.environment, review.stages)
        commits = {one.commit for one in running if one}
        exercised = tuple(_received(records, one, commits, run.execution) for one in earlier)
    except UserError as error:
        not_known = str(error)
    between, reason = _between(known, running, run.commit)
    return Release(
        commit=run.commit,
        title=run.title(),
        execution=run.execution,
        running=running,
        not_known=not_known,
        commits=between,
        no_commits=reason,
        link=run.link(),
        failed=run.failed_stages(),
        earlier=exercised,
        acceptances=known.acceptances,
    )


def _between(known: history.History, running: Sequence[Deployed | None], released: str) -> tuple[Range | None, str]:
    """Return the commits that the release changes in any region, or why they are not known."""
    if known.missing:
        return None, known.missing
    found = []
    for commit in dict.fromkeys(one.commit for one in running if one):
        one = known.between(commit, released)
        if one is None:
            return None, (
                f"{commit[:SHORT]} is not in the history of {released[:SHORT]}, of which the last "
                f"{history.MOST_COMMITS} commits are known"
            )
        found.append(one)
    if not found:
        return None, "" if released in known.commits else f"{released[:SHORT]} is not in the known history"
    added = {commit.id for one in found for commit in one.added}
    back = {commit.id for one in found for commit in one.taken_back}
    return Range(
        added=tuple(commit for commit in known.commits.values() if commit.id in added),
        taken_back=tuple(commit for commit in known.commits.values() if commit.id in back),
    ), ""


def _received(records: ReleaseRecords, environment: str, commits: set[str], execution: str) -> Received:
    """Return what an earlier environment received since it ran the commit that is to be replaced.

    This execution's own record may not be written yet, so it is added.
    """
    executions = [execution]
    is_complete = False
    if len(commits) == 1:
        since, is_complete = records.since(environment, next(iter(commits)))
        executions = list(dict.fromkeys([execution, *since]))
    stored = [records.review(environment, one) for one in executions]
    return received(
        environment,
        [one["stacks"] for one in stored if one],
        releases=len(executions),
        is_complete=is_complete and all(stored),
    )


def _lines(sign: str, commits: Sequence[Commit]) -> Iterator[str]:
    for commit in commits:
        author = f" ({one_line(commit.author, 30)})"
        yield f"{sign} {commit.id[:SHORT]} {one_line(commit.title, LONGEST_LINE - SHORT - len(author) - 3)}{author}"
