"""Which quotas apply: an established account's, or those of a new one.

A new account may run one build at a time ("Concurrently running builds" is lower for new accounts: Quotas, CodeBuild
User Guide). CodeBuild does not queue a further build but refuses it with `AccountLimitExceededException`, and the
action fails (aws-cdk 17744). The emulator applies the other quotas (`rehearsal/emulator/rules/quotas.py`).
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
        """How many builds may run at once; 60 is the default quota of Linux/Small."""
        return 1 if self is AccountKind.NEW else 60


class TooManyBuildsError(Exception):
    """CodeBuild refuses to start a build; the text is CodePipeline's."""


@dataclass
class BuildSlots:
    """Counts running builds against the quota."""

    most: int = AccountKind.ESTABLISHED.concurrent_builds
    _running: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @contextlib.contextmanager
    def taken(self) -> Generator[None, None, None]:
        """Count a build while the block runs; raises TooManyBuildsError if the quota is used up."""
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
