"""Child processes, each in its own process group. They all end with the rehearsal.

`end_all` ends them cleanly. If the rehearsal itself is killed, the system closes its pipes: a child that reads its
standard input exits at end of file; every other child has a watcher in its group that kills the group.
"""

import codecs
import contextlib
import io
import os
import selectors
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

GRACE_SECONDS = 3.0
"""How long a child may take to exit after SIGTERM before it is killed."""
OUTPUT_SECONDS = 10.0
"""How long the output is read after its command has ended; only a process that was left behind keeps it open."""
LEFT_BEHIND = "not waited for: a process that the command has left behind, which keeps its output open"
"""The last line of such a command."""
MARK = "REHEARSAL_COMMAND"
"""A variable by which the processes of a command are found that have left its group."""
POLL_SECONDS = 0.5
CHUNK_BYTES = 64 * 1024
PROCESSES = Path("/proc")

_WATCHED = """
exec 3<&0 </dev/null
trap '' TERM
(read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
trap - TERM
exec "$@" 3<&-
"""
"""Starts a watcher, then executes the command in place of the shell.

The watcher ignores SIGTERM, from its first moment, because the rehearsal may be killed while it waits for its children
to exit. `kill 0` signals the watcher's own group, so no stored process id can have been reused by another process.
"""


class Stopped(Exception):  # noqa: N818 - not an error: the user has ended the rehearsal
    """The rehearsal is stopping and starts no more children."""


class Processes:
    """Starts children and remembers them until they end."""

    def __init__(self, before_end: Callable[[], None] = lambda: None) -> None:
        """`before_end` is called once, before `end_all` ends the children."""
        self._before_end = before_end
        self._running: dict[subprocess.Popen[str], float | None] = {}
        self._lock = threading.Lock()
        self._stopping = False

    @property
    def is_stopping(self) -> bool:
        """Whether `end_all` was called, so that what fails now may fail because of it."""
        return self._stopping

    def run(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        timeout_seconds: float | None = None,
    ) -> int:
        """Run `command`, pass each line it prints to `on_line`, and return its exit code.

        Anything that it still runs is then killed, as when a build's container stops: its process group and, on Linux,
        what has left the group. Raises TimeoutError if the command was ended after `timeout_seconds`, and Stopped if
        `end_all` ended it.
        """
        mark = str(uuid.uuid4())
        process = self.start(command, directory=directory, environment={**environment, MARK: mark})
        expired = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process, timeout_seconds, expired, mark), daemon=True)
        watcher.start()
        try:
            if process.stdout is not None:
                with process.stdout as output:
                    for line in _lines(output.fileno(), watcher):
                        on_line(line)
            watcher.join()
        except BaseException:
            _end(process)
            raise
        finally:
            self._forget(process)
        if self._stopping:
            raise Stopped
        if expired.is_set():
            raise TimeoutError
        return process.wait()

    def start(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        hold_input: bool = False,
        shutdown_seconds: float | None = None,
    ) -> subprocess.Popen[str]:
        """Start `command` and return the process; its stdout and stderr are one text stream.

        With `hold_input`, the caller can write to its standard input, and the child must exit at end of file. With
        `shutdown_seconds`, it is stopped by closing its input instead of a signal, and has this long to clean up.
        """
        with self._lock:
            if self._stopping:
                raise Stopped
            process = subprocess.Popen(
                command if hold_input else ["/bin/sh", "-c", _WATCHED, "sh", *command],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running[process] = shutdown_seconds
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        """End one child and its process group."""
        _end(process, self._running.get(process))
        self._forget(process)

    def end_all(self) -> None:
        """End every child and refuse to start more."""
        with self._lock:
            is_first, self._stopping = not self._stopping, True
            running = dict(self._running)
        if is_first:
            self._before_end()
        for process, shutdown_seconds in running.items():
            _request_exit(process, shutdown_seconds)
        began = time.monotonic()
        for process, shutdown_seconds in running.items():
            grace = GRACE_SECONDS if shutdown_seconds is None else shutdown_seconds
            _kill(process, max(0.0, began + grace - time.monotonic()))
            self._forget(process)

    def _forget(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running.pop(process, None)


def run_in_parallel(work: Callable[[Item], Result], items: Sequence[Item], processes: Processes) -> list[Result]:
    """Call `work` on all items in parallel and return the results in order.

    Only the main thread receives Ctrl-C; it then ends the children that the other threads wait for. A single item runs
    in the calling thread, so that Ctrl-C can also interrupt a prompt on the terminal.
    """
    if len(items) == 1:
        return [work(items[0])]
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        try:
            return list(pool.map(work, items))
        except KeyboardInterrupt:
            processes.end_all()
            raise


def _watch(process: subprocess.Popen[str], timeout_seconds: float | None, expired: threading.Event, mark: str) -> None:
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        expired.set()
        _end(process)
    else:
        # A background process would keep the output open and outlive the rehearsal.
        _signal(process, signal.SIGKILL)
    _kill_marked(mark)


def _kill_marked(mark: str) -> None:
    """Kill the processes of a command that have left its group, as daemons do; only Linux shows which they are."""
    wanted = f"{MARK}={mark}".encode()
    for folder in PROCESSES.glob("[0-9]*"):
        # Processes end meanwhile, and those of others cannot be read.
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


def _lines(handle: int, watcher: threading.Thread) -> Iterator[str]:
    """Yield the lines of a command's output until it is closed, or OUTPUT_SECONDS after `watcher` has ended."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    rest, ended = "", None
    with selectors.DefaultSelector() as output:
        output.register(handle, selectors.EVENT_READ)
        while True:
            if output.select(POLL_SECONDS):
                chunk = os.read(handle, CHUNK_BYTES)
                *lines, rest = (rest + decoder.decode(chunk, final=not chunk)).split("\n")
                yield from lines
                if not chunk:
                    break
            if not watcher.is_alive():
                ended = ended or time.monotonic()
                if time.monotonic() - ended > OUTPUT_SECONDS:
                    yield from filter(None, [rest])
                    rest = LEFT_BEHIND
                    break
    if rest:
        yield rest


def _end(process: subprocess.Popen[str], shutdown_seconds: float | None = None) -> None:
    _request_exit(process, shutdown_seconds)
    _kill(process, GRACE_SECONDS if shutdown_seconds is None else shutdown_seconds)


def _request_exit(process: subprocess.Popen[str], shutdown_seconds: float | None) -> None:
    if shutdown_seconds is None or process.stdin is None:
        _signal(process, signal.SIGTERM)
        return
    with contextlib.suppress(OSError):
        process.stdin.close()


def _kill(process: subprocess.Popen[str], after_seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_seconds)
    # Other processes of the group may still run.
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
