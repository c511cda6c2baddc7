"""A build's output: shown at once, and written to CloudWatch Logs at the end."""

import time
from typing import Any

from rehearsal.actions import kept_pages
from rehearsal.actions.run import Run
from rehearsal.engine.cloud import Credentials

EVENTS_AT_ONCE = 1000


class BuildLog:
    """The log of one build, in a stream of its own."""

    def __init__(self, run: Run, group: str | None, stream: str, role: Credentials, prefix: str = "") -> None:
        self._run = run
        self._group = group
        self._stream = stream
        self._role = role
        self._prefix = f"{prefix}: " if prefix else ""
        self._events: list[dict[str, Any]] = []
        self.place: tuple[str, str] | None = None
        """Its group and stream once it is uploaded."""
        self.links: set[tuple[str, str]] = set()
        """Bucket and key of the objects that the build linked to."""

    def line(self, text: str) -> None:
        """Show a line and keep it."""
        self._run.log(f"{self._prefix}{text}")
        if text.strip():
            self._events.append({"timestamp": int(time.time() * 1000), "message": text})
            self.links.update(kept_pages.links(text))

    def upload(self) -> None:
        """Write the log as the build's role; keep the pages that the build linked to."""
        if self._group is not None:
            client = self._run.context.cloud.client("logs", self._run.context.home.region, self._role)
            stream = {"logGroupName": self._group, "logStreamName": self._stream}
            client.create_log_stream(**stream)
            for first in range(0, len(self._events), EVENTS_AT_ONCE):
                client.put_log_events(**stream, logEvents=self._events[first : first + EVENTS_AT_ONCE])
            self.place = (self._group, self._stream)
        kept_pages.keep(self._run, self.links)
