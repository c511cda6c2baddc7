"""Log lines: one JSON object a line on standard output, written by a thread of its own.

A reader that stalls must not stall the supervisor: lines that do not fit into the queue are dropped and counted.
"""

import json
import logging
import queue
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Final

from supervisor.masking import Secrets

LEVELS: Final = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}
"""The values of LOG_LEVEL, Log4j's, as the standard library's."""
TEXT_LIMIT: Final = 8_000
"""Maximum characters of a text; Docker splits lines longer than 16 KiB."""
QUEUE_LIMIT: Final = 10_000

Fields = Mapping[str, object]


class Journal:
    """Logs events with fields; `source` is the part of the task."""

    def __init__(self, source: str) -> None:
        self._logger = logging.getLogger(f"yawl.{source}")

    def debug(self, event: str, fields: Fields | None = None) -> None:
        """Log a detail for developers."""
        self._logger.debug(event, extra={"fields": fields or {}})

    def info(self, event: str, fields: Fields | None = None) -> None:
        """Log normal operation."""
        self._logger.info(event, extra={"fields": fields or {}})

    def warning(self, event: str, fields: Fields | None = None) -> None:
        """Log a problem from which the task recovers."""
        self._logger.warning(event, extra={"fields": fields or {}})

    def error(self, event: str, fields: Fields | None = None) -> None:
        """Log a problem that needs attention."""
        self._logger.error(event, extra={"fields": fields or {}})

    def raw(self, document: Fields) -> None:
        """Write a document unchanged at any level, for metrics."""
        self._logger.critical("", extra={"document": document})


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON, without secrets."""

    def __init__(self, task: str, secrets: Secrets) -> None:
        super().__init__()
        self._task = task
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, its texts bounded and its secrets masked."""
        document = getattr(record, "document", None)
        if document is None:
            document = {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": "WARN" if record.levelno == logging.WARNING else record.levelname,
                "source": record.name.rpartition(".")[2],
                "task": self._task,
                "event": self._bounded(record.getMessage()),
                **{name: self._bounded(value) for name, value in getattr(record, "fields", {}).items()},
            }
        # Mask the whole line again: a secret may be a field's name, or in a nested value.
        return self._secrets.mask(json.dumps(document, ensure_ascii=False, default=str))

    def _bounded(self, value: object) -> object:
        """Mask a text, then cut it: a secret that was cut first would not be found."""
        if not isinstance(value, str):
            return value
        text = self._secrets.mask(value)
        return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}… ({len(text)} characters)"


class _BoundedHandler(QueueHandler):
    """Queues formatted records for the writing thread, and counts those it drops."""

    def __init__(self, lines: "queue.Queue[logging.LogRecord]") -> None:
        super().__init__(lines)
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self._dropped:
                fields = {"fields": {"lines": self._dropped}}
                self.queue.put_nowait(
                    logging.makeLogRecord(
                        {
                            "name": "yawl.supervisor",
                            "levelno": logging.WARNING,
                            "msg": "log lines were dropped",
                            **fields,
                        }
                    )
                )
                self._dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self._dropped += 1


def start_log(*, level: str, task: str, secrets: Secrets) -> QueueListener:
    """Have all `Journal`s write from now on; `stop()` of what is returned writes what is still queued.

    No line shows any of the `secrets`, those added later included.
    """
    lines: queue.Queue[logging.LogRecord] = queue.Queue(QUEUE_LIMIT)
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonLine(task, secrets))
    logger = logging.getLogger("yawl")
    logger.propagate = False
    logger.setLevel(LEVELS[level])
    logger.handlers = [_BoundedHandler(lines)]
    listener = QueueListener(lines, output)
    listener.start()
    return listener
