"""Collects published notifications and refused calls while a rehearsal runs."""

import contextlib
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rehearsal.engine.cloud import Cloud
from rehearsal.report import permissions
from rehearsal.report.progress import Notification, Progress

POLL_SECONDS = 0.5
"""Polling interval."""
SETTLE_SECONDS = 30.0
"""How long Lambda functions may take to process the last events."""


class NotificationCollector:
    """Adds every notification published within the `with` block to the progress.

    It adds refused calls too, because their caller may retry silently. `assembly` maps them to constructs.
    """

    def __init__(self, cloud: Cloud, progress: Progress, assembly: Path) -> None:
        self._assembly = assembly
        self._cloud = cloud
        self._progress = progress
        self._over = threading.Event()
        self._poller = threading.Thread(target=self._poll_until_over, daemon=True)

    def __enter__(self) -> Self:
        self._poller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._poller.join()
        # An interrupted rehearsal does not wait for the functions.
        deadline = time.monotonic() + (0 if kind else SETTLE_SECONDS)
        with contextlib.suppress(OSError):
            while not self._cloud.fact("functions")["idle"] and time.monotonic() < deadline:
                time.sleep(0.05)
            self._poll()
            self._progress.failed_functions = self._cloud.fact("functions")["failures"]

    def _poll_until_over(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            with contextlib.suppress(OSError):
                self._poll()

    def _poll(self) -> None:
        facts = self._cloud.facts()
        for message in facts["messages"][len(self._progress.notifications) :]:
            self._progress.add_notification(Notification(**message))
        for found in facts["refused"][len(self._progress.refusals) :]:
            self._progress.add_refusal(permissions.refusal(found, self._assembly))
