"""What a rehearsal was started with: what one that goes on with it, after it was killed, has to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from rehearsal.account_kind import AccountKind
from rehearsal.assembly import Assembly
from rehearsal.errors import RehearsalError
from rehearsal.journal import Journal
from rehearsal.permissions import Permissions
from rehearsal.tasks import TaskKind


@dataclass(frozen=True)
class Begun:
    """A rehearsal's start."""

    assembly: Assembly
    ref: str
    commit: str
    before: str | None
    approve: bool | None
    """The answer to every approval; None: the terminal is asked."""
    instead: Mapping[str, str]
    ahead: timedelta
    """How far the rehearsal's clock is ahead of this machine's."""
    tasks: TaskKind
    account: AccountKind
    fail: frozenset[str]
    permissions: Permissions
    json: Path | None
    html: Path
    logs: Path
    started: float
    """As `time.monotonic` tells it."""
    began: datetime

    def keep(self, journal: Journal) -> None:
        """Write it down."""
        journal.keep("begun", _BEGUN, self)

    @staticmethod
    def read(journal: Journal) -> "Begun":
        """Read it back; raise RehearsalError if it is not there, or is not what this version writes."""
        try:
            found = journal.recall("begun", _BEGUN)
        except ValidationError:
            found = None
        if found is None:
            raise RehearsalError("what the killed rehearsal has left is not complete; start one without --resume")
        return found[0]


_BEGUN = TypeAdapter(Begun)
