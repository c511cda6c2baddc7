"""Who answers at a manual approval."""

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from rehearsal.actions.run import Unanswered

HOW_TO_GO_ON = "waiting for an approval, and there is no terminal to ask on; answer with --approve yes or --approve no"


class PresetApprover:
    """Gives the answer of `--approve`."""

    def __init__(self, *, answer: bool) -> None:
        self._answer = answer

    def ask(self, action: str, message: str) -> bool:  # noqa: ARG002 - the interface's parameters
        """Return the answer given beforehand."""
        return self._answer


class TerminalApprover:
    """Asks the person at the terminal."""

    def __init__(self, pause: Callable[[], AbstractContextManager[Callable[[str], None]]]) -> None:
        self._pause = pause
        # Two gates side by side ask one after the other.
        self._one_at_a_time = threading.Lock()

    def ask(self, action: str, message: str) -> bool:
        """Show the approval's message and wait for an answer; anything but yes is no."""
        if not sys.stdin.isatty():
            raise Unanswered(HOW_TO_GO_ON)
        with self._one_at_a_time, self._pause() as show:
            show(f"\n{action} asks for approval\n\n{message}\n")
            try:
                return input("Approve? [y/N] ").strip().lower() in ("y", "yes")
            except EOFError:
                raise Unanswered(HOW_TO_GO_ON) from None
