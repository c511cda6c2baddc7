"""Answers manual approvals: from the command line, or on the terminal."""

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from rehearsal.actions.run import Unanswered

NO_TERMINAL = "approval needed, but there is no terminal to ask on; run again with --approve yes or --approve no"


class PresetApprover:
    """Gives the answer of `--approve`."""

    def __init__(self, *, answer: bool) -> None:
        self._answer = answer

    def ask(self, action: str, message: str) -> bool:  # noqa: ARG002 - the interface's parameters
        """Return the answer of `--approve`."""
        return self._answer


class TerminalApprover:
    """Asks on the terminal."""

    def __init__(self, pause: Callable[[], AbstractContextManager[Callable[[str], None]]]) -> None:
        self._pause = pause
        # Approvals that run in parallel ask one after the other.
        self._one_at_a_time = threading.Lock()

    def ask(self, action: str, message: str) -> bool:
        """Show the message and ask; anything but y or yes rejects. Raises Unanswered without a terminal."""
        if not sys.stdin.isatty():
            raise Unanswered(NO_TERMINAL)
        with self._one_at_a_time, self._pause() as show:
            show(f"\n{action} needs your approval\n\n{message}\n")
            try:
                return input("Approve? [y/N] ").strip().lower() in ("y", "yes")
            except EOFError:
                raise Unanswered(NO_TERMINAL) from None
