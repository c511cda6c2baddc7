"""Whose quotas a rehearsal counts by: an established account's, or those that AWS gives a new one.

A new account may run one build at a time ("Concurrently running builds" is lower for new accounts: Quotas, CodeBuild
User Guide).
What is started beyond it is not queued but refused: `AccountLimitExceededException`, "Cannot have more than 1
builds in queue for the account", and the action fails (aws-cdk 17744). Its ten Lambda executions and five addresses are
counted by the emulator (`rehearsal/emulator/rules/quotas.py`).
"""

import contextlib
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum


class AccountKind(StrEnum):
    """Whether the emulated accounts are new."""

    ESTABLISHED = "established"
    NEW = "new"

    @property
    def concurrent_builds(self) -> int:
        """How many builds may run at once: 60 is the default quota of Linux/Small."""
        return 1 if self is AccountKind.NEW else 60


class TooManyBuildsError(Exception):
    """CodeBuild refuses to start a build; the text is what CodePipeline shows."""


@dataclass
class BuildSlots:
    """The builds that run at this moment, and how many may."""

    most: int = AccountKind.ESTABLISHED.concurrent_builds
    _running: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @contextlib.contextmanager
    def taken(self) -> Generator[None, None, None]:
        """Count a build as long as it runs; raise TooManyBuildsError if none may be started."""
        with self._lock:
            if self._running >= self.most:
                raise TooManyBuildsError(
                    f"Error calling startBuild: Cannot have more than {self.most} builds in queue for the account "
                    "(Service: AWSCodeBuild; Status Code: 400; Error Code: AccountLimitExceededException)"
                )
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
