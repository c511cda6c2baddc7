"""Runs programs: their output becomes log events, and none outlives the supervisor."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from supervisor import die_with_parent
from supervisor.log import Fields, Journal

LINE_LIMIT: Final = 256 * 1024
"""Maximum bytes of a line."""
EVENT_LINES: Final = 200
"""Maximum lines of an event; more lines of a stack trace are only counted."""
EVENT_PAUSE: Final = 0.2
"""Seconds without a further line after which an event is complete."""

_LEVEL = re.compile(r"\S+ \S+ (TRACE|FINE\w*|DEBUG|CONFIG|INFO|WARN|WARNING|ERROR|SEVERE|FATAL)\b")
"""Tomcat's and Log4j's lines as `tomcat` has them written: date, time, level."""
_TRACE = re.compile(r"^\s+at ", re.MULTILINE)
_THROWN = re.compile(r"(?:[a-z_$][\w$]*\.)+(?:[A-Z][\w$]*)?(?:Exception|Error|Throwable|Failure|Fault)\b(?::.*)?")
"""The first line of a stack trace: `package.SomeException: message`, or without a message."""
_LOGGED = re.compile(r"\d[\w:.,-]* \d[\d:.,]* |[\[{]")
"""The beginning of a log line: a date and a time, or what programs here write in brackets or as JSON."""

OnEvent = Callable[[str], None]


class Program:
    """A running program."""

    def __init__(self, process: asyncio.subprocess.Process, reading: "asyncio.Task[None]") -> None:
        self._process = process
        self._reading = reading

    @classmethod
    async def start(
        cls, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, on_event: OnEvent
    ) -> "Program":
        """Start `command` with only `environment`; `on_event` gets its output, one event at a time."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-IS",
            str(Path(die_with_parent.__file__)),
            str(os.getpid()),
            *command,
            env=dict(environment),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_LIMIT,
        )
        if process.stdout is None:
            raise RuntimeError("the program has no output pipe")
        return cls(process, asyncio.create_task(_read_events(process.stdout, on_event)))

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program is still running."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait for the program to exit; return its exit code, or the negative signal number."""
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            # A child process of it may keep the output open.
            await asyncio.wait_for(asyncio.shield(self._reading), 1.0)
        self._reading.cancel()
        return code

    async def stop(self, *, within_seconds: float) -> None:
        """Stop the program: SIGTERM, then SIGKILL after `within_seconds`."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_seconds):
                await self._process.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
        await self.ended()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the program is still running."""
        # asyncio's own send_signal may take the exit code from the waiting task.
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process_id, number)


def as_text(journal: Journal) -> OnEvent:
    """Return a function that logs a program's output as text.

    It keeps the level that stands after date and time. A stack trace is a warning at least: it may have been printed
    right below a line of another thread, whose level says nothing of it.
    """

    def write(text: str) -> None:
        level = _LEVEL.match(text)
        writer = _writer(journal, level[1]) if level else journal.info
        is_trace = _TRACE.search(text) is not None and writer != journal.error
        (journal.warning if is_trace else writer)(text)

    return write


def as_documents(journal: Journal, *, other: OnEvent) -> OnEvent:
    """Return a function that takes the fields of what a program prints as JSON; `other` gets the rest."""

    def write(text: str) -> None:
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if isinstance(document, dict):
            fields: Fields = {str(name): value for name, value in document.items() if name != "event"}
            journal.info(str(document.get("event", "")), fields)
        else:
            other(text)

    return write


def _writer(journal: Journal, level: str) -> Callable[[str], None]:
    if level.startswith("WARN"):
        return journal.warning
    if level in {"ERROR", "SEVERE", "FATAL"}:
        return journal.error
    return journal.info if level == "INFO" else journal.debug


class _Event:
    """The lines of one event so far: a log line with the stack trace that follows it, or a trace alone."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._left_out = 0
        self._thrown = False
        self._has_frames = False

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __str__(self) -> str:
        return "\n".join([*self._lines, *([f"… ({self._left_out} more lines)"] if self._left_out else [])])

    def takes(self, line: str) -> bool:
        """Whether a further line belongs to this event."""
        if line.startswith((" ", "\t", "Caused by:", "Suppressed:", "...")):
            return True
        if thrown(line):
            return not self._has_frames
        # A message of several lines stands between the exception's name and its frames.
        return self._thrown and not self._has_frames and not _LOGGED.match(line)

    def add(self, line: str) -> None:
        """Add a line; beyond the limit it is only counted."""
        self._thrown = self._thrown or thrown(line)
        self._has_frames = self._has_frames or _TRACE.match(line) is not None
        if len(self._lines) < EVENT_LINES:
            self._lines.append(line)
        else:
            self._left_out += 1


def thrown(line: str) -> bool:
    """Whether a line begins a stack trace."""
    return _THROWN.match(line) is not None


async def _read_events(output: asyncio.StreamReader, on_event: OnEvent) -> None:
    """Read lines to the end; lines that continue an event, as a stack trace does, belong to it."""
    event = _Event()
    while True:
        try:
            async with asyncio.timeout(EVENT_PAUSE if event else None):
                line = await _read_line(output)
        except TimeoutError:
            on_event(str(event))
            event = _Event()
            continue
        if event and (line is None or (line.strip() and not event.takes(line))):
            on_event(str(event))
            event = _Event()
        if line is None:
            return
        if line.strip():
            event.add(line)


async def _read_line(output: asyncio.StreamReader) -> str | None:
    try:
        line = await output.readline()
    except ValueError:
        # Longer than the limit: the stream has dropped what it had of it.
        return "(a line that was too long)"
    return line.decode(errors="replace").rstrip("\r\n") if line else None
