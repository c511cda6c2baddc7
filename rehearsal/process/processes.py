"""Child processes: each in a process group of its own, all of them ended with the rehearsal.

`end_all` ends them in order. If the rehearsal is killed, the system closes its pipes: a child that reads its input
exits at the end of it; any other has a watcher in its group that kills the group.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

GRACE_SECONDS = 3.0
"""How long a child may take to end by itself after SIGTERM."""

_WATCHED = """
exec 3<&0 </dev/null
(trap '' TERM; read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" 3<&-
"""
"""Becomes the command, and leaves a watcher in its group.

The watcher ignores SIGTERM: the rehearsal may be killed while it waits for its children to end. `kill 0` reaches the
watcher's own group only, so no process id is stored that could belong to another process by then.
"""


class Stopped(Exception):  # noqa: N818 - not an error: the user has ended the rehearsal
    """The rehearsal is being stopped; no further child is started."""


class Processes:
    """Starts children and remembers them until they end."""

    def __init__(self) -> None:
        self._running: dict[subprocess.Popen[str], float | None] = {}
        self._lock = threading.Lock()
        self._stopping = False

    def run(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        timeout_seconds: float | None = None,
    ) -> int:
        """Run `command` to its end, handing each line it prints to `on_line`; return its exit code.

        What it leaves running in its process group is ended with it, as a build's container would be. Raises
        TimeoutError when it takes longer than `timeout_seconds`, after ending it, and Stopped when `end_all` ended it.
        """
        process = self.start(command, directory=directory, environment=environment)
        expired = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process, timeout_seconds, expired), daemon=True)
        watcher.start()
        try:
            if process.stdout is not None:
                with process.stdout as lines:
                    for line in lines:
                        on_line(line.rstrip("\n"))
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
        """Start `command` and return it; its output is one text stream.

        A child with `hold_input` can be written to, and must exit when its standard input ends. One with
        `shutdown_seconds` is asked to exit in that way too, not by a signal, and has this long to clean up.
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
        """End one child and its children."""
        _end(process, self._running.get(process))
        self._forget(process)

    def end_all(self) -> None:
        """End every child, and let none be started any more."""
        with self._lock:
            self._stopping = True
            running = dict(self._running)
        for process, shutdown_seconds in running.items():
            _ask(process, shutdown_seconds)
        began = time.monotonic()
        for process, shutdown_seconds in running.items():
            grace = GRACE_SECONDS if shutdown_seconds is None else shutdown_seconds
            _kill(process, max(0.0, began + grace - time.monotonic()))
            self._forget(process)

    def _forget(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running.pop(process, None)


def run_in_parallel(work: Callable[[Item], Result], items: Sequence[Item], processes: Processes) -> list[Result]:
    """Call `work` on all items at once and return the results in order.

    An interrupt reaches only the main thread, which then ends the children that the other threads wait for. A single
    item runs in the calling thread, where the interrupt also ends a prompt on the terminal.
    """
    if len(items) == 1:
        return [work(items[0])]
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        try:
            return list(pool.map(work, items))
        except KeyboardInterrupt:
            processes.end_all()
            raise


def _watch(process: subprocess.Popen[str], timeout_seconds: float | None, expired: threading.Event) -> None:
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        expired.set()
        _end(process)
    else:
        # A process it left in the background would keep the output open, and outlive the rehearsal.
        _signal(process, signal.SIGKILL)


def _end(process: subprocess.Popen[str], shutdown_seconds: float | None = None) -> None:
    _ask(process, shutdown_seconds)
    _kill(process, GRACE_SECONDS if shutdown_seconds is None else shutdown_seconds)


def _ask(process: subprocess.Popen[str], shutdown_seconds: float | None) -> None:
    if shutdown_seconds is None or process.stdin is None:
        _signal(process, signal.SIGTERM)
        return
    with contextlib.suppress(OSError):
        process.stdin.close()


def _kill(process: subprocess.Popen[str], after_seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_seconds)
    # The group may outlive its leader.
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
