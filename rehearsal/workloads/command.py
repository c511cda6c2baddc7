"""Runs the user's command as the tasks of a deployed service: `--workload COMMAND`.

The command is started by a shell for each service that has a target group, and again when the service's task
definition changes. It reads one line of JSON from its standard input (`Service.document`), prints
`{"targets": [{"address": "127.0.0.1", "port": 8001}]}` once its servers listen, and serves until its input closes.
"""

import contextlib
import json
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.actions.run import ActionFailed
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes
from rehearsal.workloads.services import Service

START_SECONDS = 300.0
"""Timeout for a service's targets to listen."""
SHUTDOWN_SECONDS = 30.0
"""Timeout for the command to clean up after its input closes."""
LAST_LINES = 20
"""Lines of the command's output that are shown when it does not start."""
TARGETS = '{"targets"'
"""How the line with the targets begins; other lines are the command's own."""


@dataclass(frozen=True)
class Target:
    """The address of a running server."""

    address: str
    port: int


@dataclass(frozen=True)
class Source:
    """The delivered code, for workloads that run it."""

    repository: Path
    commit: str


class WorkloadCommand:
    """Starts the command for each service."""

    def __init__(self, command: str, processes: Processes, scratch: Path, source: Source) -> None:
        self._command = command
        self._processes = processes
        self._scratch = scratch
        """The command's home folder, deleted with the rehearsal."""
        self._source = source
        self._running: dict[Target, subprocess.Popen[str]] = {}

    def start(self, service: Service, environment: Mapping[str, str]) -> list[Target]:
        """Start the command with these variables and return its targets once they listen; raises ActionFailed."""
        self._scratch.mkdir(exist_ok=True)
        process = self._processes.start(
            ["/bin/sh", "-c", self._command],
            # The user's own folder: the command is theirs, as it is typed.
            directory=Path.cwd(),
            environment={**machine_environment(self._scratch), **environment},
            hold_input=True,
            shutdown_seconds=SHUTDOWN_SECONDS,
        )
        is_late = threading.Event()
        watchdog = threading.Timer(START_SECONDS, lambda: (is_late.set(), self._processes.end(process)))
        watchdog.start()
        try:
            targets = self._targets(service, process)
        except (OSError, ValueError) as error:
            self._processes.end(process)
            late = f"it printed no {TARGETS} within {START_SECONDS:.0f} s; " if is_late.is_set() else ""
            raise ActionFailed(f"the workload of {service.name} did not start: {late}{error}") from None
        finally:
            watchdog.cancel()
        self._running |= dict.fromkeys(targets, process)
        return targets

    def end(self, targets: Sequence[Target]) -> None:
        """End the commands that serve these targets."""
        for process in {self._running.pop(target) for target in targets}:
            self._processes.end(process)

    def _targets(self, service: Service, process: subprocess.Popen[str]) -> list[Target]:
        """Tell the command what to serve and read its targets; raises ValueError if it prints none."""
        if process.stdin is None or process.stdout is None:
            raise ValueError("a workload is started with its input and output held")
        # Not on the command line, where every user of this machine could read the secrets.
        document = {**service.document(), "repository": str(self._source.repository), "commit": self._source.commit}
        output: deque[str] = deque(maxlen=LAST_LINES)
        lines = iter(process.stdout)
        try:
            process.stdin.write(json.dumps(document) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            output.extend(line.rstrip() for line in lines)
        for line in lines:
            if line.startswith(TARGETS):
                found = _read(line)
                threading.Thread(target=_drain, args=(lines,), daemon=True).start()
                return found
            output.append(line.rstrip())
        raise ValueError("; ".join(output) or f"it ended without printing {TARGETS}: …}}")


def _read(line: str) -> list[Target]:
    """Return the targets of a line; raises ValueError."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        if found := [Target(str(one["address"]), int(one["port"])) for one in json.loads(line)["targets"]]:
            return found
    raise ValueError(f"it printed no address and port: {line.rstrip()}")


def _drain(lines: Iterable[str]) -> None:
    """Read the rest, so that the command never blocks on a full pipe."""
    for _ in lines:
        pass
