"""What a rehearsal leaves behind if it is killed: a folder, a journal in it, and a keeper of what it has started."""

import contextlib
from pathlib import Path
from typing import Self

from rehearsal.errors import RehearsalError
from rehearsal.journal import Journal
from rehearsal.keeper import KEPT_SECONDS, Keeper, NothingKept
from rehearsal.working_folder import working_folder

UNFINISHED = Path(".rehearsal/unfinished")
"""Names the folder of the rehearsal that was begun here last and has not ended."""


class Workplace:
    """A rehearsal's own place."""

    def __init__(self, directory: Path, keeper: Keeper, stack: contextlib.ExitStack) -> None:
        self.directory = directory
        self.keeper = keeper
        self.journal = Journal(directory / "journal")
        self._stack = stack

    @classmethod
    def fresh(cls) -> Self:
        """Make a new one."""
        with contextlib.ExitStack() as stack:
            directory, lock = stack.enter_context(working_folder())
            keeper = Keeper.start(directory, lock=lock)
            return cls(directory, keeper, stack.pop_all())

    @classmethod
    def left_behind(cls) -> Self:
        """Take over what the rehearsal begun here last has left; raise RehearsalError if it left nothing."""
        try:
            directory = Path(UNFINISHED.read_text())
        except OSError:
            raise RehearsalError(
                "there is nothing to resume here: no rehearsal was killed; start one without --resume"
            ) from None
        try:
            keeper = Keeper.take_over(directory)
        except NothingKept:
            raise RehearsalError(
                "there is nothing left to resume: the rehearsal begun last is still running, or what it left was ended "
                f"{KEPT_SECONDS / 60:.0f} minutes after it was killed; start one without --resume"
            ) from None
        return cls(directory, keeper, contextlib.ExitStack())

    def announce(self) -> None:
        """Leave word of it in the current folder; what a killed rehearsal has left there before, ends now."""
        with contextlib.suppress(RehearsalError):
            Workplace.left_behind().close()
        UNFINISHED.parent.mkdir(parents=True, exist_ok=True)
        UNFINISHED.write_text(str(self.directory))

    def close(self) -> None:
        """End all that is kept, and remove the folder and the word of it."""
        self.keeper.farewell()
        self._stack.close()
        with contextlib.suppress(OSError):
            if UNFINISHED.read_text() == str(self.directory):
                UNFINISHED.unlink()
