"""Which release a stage returns to, from the release records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.accounts.errors import OperationError
from tools.releases.records import Record

SHORT = 12
"""Characters shown of a commit."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A commit that was released to a stage, perhaps more than once."""

    commit: str
    title: str
    records: tuple[Record, ...]
    """Oldest first."""

    @property
    def executions(self) -> tuple[str, ...]:
        """The executions that released it, the newest first."""
        return tuple(str(record.content["execution"]) for record in reversed(self.records))

    @property
    def released(self) -> str:
        """When it was last released."""
        return f"{self.records[-1].released:%Y-%m-%d %H:%M} UTC"

    @property
    def approver(self) -> str:
        """Who approved it; "" where nobody had to."""
        return str(self.records[-1].content.get("approver", "")).rpartition("/")[2]

    @property
    def tests(self) -> str:
        """The results of its integration tests."""
        return "; ".join(self.records[-1].content.get("tests", ()))

    def __str__(self) -> str:
        return named(self.commit, self.title)


def named(commit: str, title: str) -> str:
    """Return a commit as messages name it."""
    return f"{commit[:SHORT]} “{title}”" if title else commit[:SHORT]


def good_releases(records: Iterable[Record], regions: Sequence[str]) -> list[Release]:
    """Return the releases of an environment's stage, oldest first, without those that it was rolled back from.

    `records` are the environment's, oldest first; the stage is the one that deploys to these regions. When a commit is
    released again, by a rollback or otherwise, the environment has returned to it: releases since then do not count.
    """
    line: list[Release] = []
    for record in records:
        if tuple(record.content["regions"]) != tuple(regions):
            continue
        commit = str(record.content["commit"])
        known = next((number for number, one in enumerate(line) if one.commit == commit), None)
        earlier: tuple[Record, ...] = ()
        if known is not None:
            earlier = line[known].records
            del line[known:]
        line.append(Release(commit=commit, title=str(record.content.get("title", "")), records=(*earlier, record)))
    return line


def target(line: Sequence[Release], *, running: str | None, wanted: str | None) -> Release:
    """Return the release to return to: the commit `wanted`, or the newest good one that is not `running`.

    `running` is the commit that the stage has; None if its last deployment failed, so that the newest good release is
    the one to return to. Raises OperationError if there is none.
    """
    if wanted is not None:
        found = [one for one in line if one.commit.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(str(one) for one in line) or "none"
        what = "several releases on record have" if found else "no good release on record has"
        raise OperationError(f"--to {wanted}: {what} this commit; on record: {known}")
    candidates = [one for one in line if one.commit != running]
    if not candidates:
        raise OperationError(
            "there is nothing to roll back to: the release records have no other good release of this environment. "
            "List them with `make releases ARGS=--all`, or push a revert"
        )
    return candidates[-1]
