"""Keeps what a rehearsal has started when the rehearsal is killed, so that another can go on with it; not for ever.

`python -m rehearsal.keeper` is a process of its own. The rehearsal talks to it through a socket in the working folder:
as long as that connection stands, the rehearsal lives. When it breaks without a farewell, the keeper

- ends at once what the killed rehearsal was waiting for, such as a build;
- keeps what serves, such as the emulator: it holds the other end of its input, and reads its output away;
- waits for a rehearsal that takes over by connecting anew; if none does in time, it ends what it kept, removes the
  working folder, and ends itself.

What is kept is known by its open pipes, so that no process id that is another's by then is ever ended.
"""

import argparse
import contextlib
import json
import os
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from rehearsal.isolation import machine_environment

KEPT_SECONDS = 15 * 60.0
"""How long a killed rehearsal can be gone on with."""
GRACE_SECONDS = 3.0
"""How long a process may take to end by itself after SIGTERM."""
ANSWER_SECONDS = 60.0
"""How long the keeper may take to answer; ending what has children of its own takes longest."""
SOCKET = "keeper"
CHUNK_BYTES = 64 * 1024
TICK_SECONDS = 0.01


class NothingKept(Exception):  # noqa: N818 - a state of the folder, not an error in it
    """No keeper answers there, or it serves a rehearsal that lives."""


class Keeper:
    """A rehearsal's line to its keeper. If the keeper has gone, nothing can be resumed; that is no reason to fail."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lock = threading.Lock()

    @classmethod
    def start(cls, folder: Path, *, lock: int | None = None, kept_seconds: float = KEPT_SECONDS) -> Self:
        """Start a keeper for the folder; it holds the descriptor `lock` open as long as it lives."""
        command = [sys.executable, "-m", "rehearsal.keeper", "--kept-seconds", str(kept_seconds)]
        if lock is not None:
            command += ["--lock", str(lock)]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**machine_environment(folder), "PYTHONPATH": str(Path(__file__).parent.parent)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock] if lock is not None else [],
            start_new_session=True,
        )
        if process.stdout is None:
            raise ValueError("the keeper is started with its output held")
        with process.stdout:
            process.stdout.readline()
        # Its end is awaited by the end of the connection; this only takes the zombie away.
        threading.Thread(target=process.wait, daemon=True).start()
        return cls.take_over(folder)

    @classmethod
    def take_over(cls, folder: Path) -> Self:
        """Connect to the folder's keeper; raise NothingKept if there is none, or another rehearsal has it."""
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(ANSWER_SECONDS)
        try:
            # A socket's path must be short, and a temporary folder's may be long.
            with contextlib.chdir(folder):
                line.connect(SOCKET)
            if line.recv(1) == b"+":
                return cls(line)
        except OSError:
            pass
        line.close()
        raise NothingKept

    def keep(self, process: subprocess.Popen[str], farewell_seconds: float | None) -> None:
        """Let a process that serves outlive the rehearsal, if that is killed."""
        pipes = [pipe.fileno() for pipe in (process.stdin, process.stdout) if pipe]
        self._tell({"keep": process.pid, "farewell_seconds": farewell_seconds}, pipes)

    def watch(self, process: subprocess.Popen[str]) -> None:
        """Have a process ended as soon as the rehearsal has been killed."""
        self._tell({"watch": process.pid})

    def forget(self, process: subprocess.Popen[str]) -> None:
        """Leave a process to the rehearsal, which ends it or has seen it end."""
        self._tell({"forget": process.pid})

    def farewell(self) -> None:
        """Have all that is kept ended and the folder removed; return when that is done."""
        self._tell({"farewell": True})
        with contextlib.suppress(OSError):
            # It ends by itself, and the connection with it.
            self._line.recv(1)
        self._line.close()

    def _tell(self, message: dict[str, object], pipes: list[int] | None = None) -> None:
        with self._lock, contextlib.suppress(OSError):
            socket.send_fds(self._line, [json.dumps(message).encode() + b"\n"], pipes or [])
            self._line.recv(1)


@dataclass(frozen=True)
class _Kept:
    """A process group that serves."""

    input: int
    """The writing end of its leader's standard input."""
    output: int
    """The reading end of what it prints."""
    farewell_seconds: float | None
    """How long it may take after the end of its input; None: it is ended by a signal."""

    def lives(self) -> bool:
        """Tell whether somebody still holds the other end of its input."""
        poller = select.poll()
        poller.register(self.input, 0)
        return not poller.poll(0)


class _Keeping:
    """The keeper's own state and work."""

    def __init__(self, listener: socket.socket, kept_seconds: float) -> None:
        self._listener = listener
        self._kept_seconds = kept_seconds
        self._deadline = time.monotonic() + kept_seconds
        self._line: socket.socket | None = None
        self._kept: dict[int, _Kept] = {}
        self._watched: set[int] = set()
        self._events = selectors.DefaultSelector()
        self._over = False

    def serve(self) -> None:
        """Serve rehearsals, one at a time, until one says farewell or none has come in time."""
        self._events.register(self._listener, selectors.EVENT_READ, self._accept)
        while not self._over:
            patience = None if self._line else max(0.0, self._deadline - time.monotonic())
            events = self._events.select(patience)
            for key, _ in events:
                key.data()
            if not events and self._line is None:
                self._over = True
        self._end_all()

    def _accept(self) -> None:
        line, _ = self._listener.accept()
        if self._line:
            line.close()
            return
        self._line = line
        line.sendall(b"+")
        self._events.register(line, selectors.EVENT_READ, self._listen)

    def _listen(self) -> None:
        if self._line is None:
            return
        try:
            data, pipes, _, _ = socket.recv_fds(self._line, CHUNK_BYTES, 2)
        except ConnectionError:
            self._lose()
            return
        if not data:
            self._lose()
            return
        message = json.loads(data)
        if "farewell" in message:
            self._over = True
            return
        self._take(message, pipes)
        with contextlib.suppress(OSError):
            self._line.sendall(b".")

    def _take(self, message: dict[str, object], pipes: list[int]) -> None:
        match message:
            case {"keep": int(group), "farewell_seconds": float() | int() | None as seconds}:
                self._kept[group] = _Kept(*pipes, farewell_seconds=seconds)
            case {"watch": int(group)}:
                self._watched.add(group)
            case {"forget": int(group)}:
                self._watched.discard(group)
                if group in self._kept:
                    self._close(self._kept.pop(group))
            case _:
                raise ValueError(f"the keeper does not understand {message}")

    def _lose(self) -> None:
        """Its rehearsal is dead: end what only that could use, read what nobody reads any more, and begin to wait."""
        if self._line:
            self._events.unregister(self._line)
            self._line.close()
            self._line = None
        _end(dict.fromkeys(self._watched, GRACE_SECONDS))
        self._watched.clear()
        for kept in self._kept.values():
            if kept.output not in self._events.get_map():
                self._events.register(kept.output, selectors.EVENT_READ, partial(self._read_away, kept.output))
        self._deadline = time.monotonic() + self._kept_seconds

    def _read_away(self, output: int) -> None:
        if not os.read(output, CHUNK_BYTES):
            self._events.unregister(output)

    def _end_all(self) -> None:
        living = {group: kept for group, kept in self._kept.items() if kept.lives()}
        for kept in self._kept.values():
            self._close(kept)
        told = [group for group, kept in living.items() if kept.farewell_seconds is not None]
        seconds = {group: kept.farewell_seconds or GRACE_SECONDS for group, kept in living.items()}
        _end(seconds | dict.fromkeys(self._watched, GRACE_SECONDS), told=told)

    def _close(self, kept: _Kept) -> None:
        if kept.output in self._events.get_map():
            self._events.unregister(kept.output)
        os.close(kept.input)
        os.close(kept.output)


def _end(groups: Mapping[int, float], told: Collection[int] = ()) -> None:
    """End process groups, each after the seconds it may take; those `told` know already, by their input's end."""
    for group in set(groups).difference(told):
        _signal(group, signal.SIGTERM)
    began = time.monotonic()
    for group, seconds in groups.items():
        while _signal(group, 0) and time.monotonic() < began + seconds:
            time.sleep(TICK_SECONDS)
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether there is one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    """Keep what the rehearsals in the current folder start, then remove the folder."""
    parser = argparse.ArgumentParser(prog="rehearsal.keeper", description=__doc__)
    parser.add_argument("--kept-seconds", type=float, default=KEPT_SECONDS)
    parser.add_argument("--lock", type=int, help="a descriptor to hold open")
    options = parser.parse_args()
    folder = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(SOCKET)
        listener.listen()
        print("ready", flush=True)
        _Keeping(listener, options.kept_seconds).serve()
    os.chdir("/")
    shutil.rmtree(folder, ignore_errors=True)
    if options.lock is not None:
        os.close(options.lock)


if __name__ == "__main__":
    main()
