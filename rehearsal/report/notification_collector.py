"""Collects what the deployed functions publish, and which calls are refused, while a rehearsal runs."""

import contextlib
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rehearsal.engine.cloud import Cloud
from rehearsal.report import permissions
from rehearsal.report.progress import Notification, Progress

LOOK_SECONDS = 0.5
"""How often it looks."""
SETTLE_SECONDS = 30.0
"""How long the functions may take for the last events once everything else has ended."""


class Inbox:
    """Hands every message that is published within the `with` block to the progress, the last ones at its end.

    Refused calls are handed on as well: where something waits patiently, nothing else would tell. `assembly` knows the
    constructs they are due to.
    """

    def __init__(self, cloud: Cloud, progress: Progress, assembly: Path) -> None:
        self._assembly = assembly
        self._cloud = cloud
        self._progress = progress
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look_again_and_again, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._looking.join()
        # Of a rehearsal that was interrupted nobody waits for the end of anything.
        deadline = time.monotonic() + (0 if kind else SETTLE_SECONDS)
        with contextlib.suppress(OSError):
            while not self._cloud.known("functions")["idle"] and time.monotonic() < deadline:
                time.sleep(0.05)
            self._look()
            self._progress.failed_functions = self._cloud.known("functions")["failures"]

    def _look_again_and_again(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with contextlib.suppress(OSError):
                self._look()

    def _look(self) -> None:
        known = self._cloud.everything_known()
        for message in known["messages"][len(self._progress.notifications) :]:
            self._progress.notified(Notification(**message))
        for found in known["refused"][len(self._progress.refusals) :]:
            self._progress.refused(permissions.refusal(found, self._assembly))
