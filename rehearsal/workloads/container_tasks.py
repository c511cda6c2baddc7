"""Runs a service's tasks as the container's own processes, with the testbed in the commit's `container/`."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rehearsal.actions.run import ActionFailed
from rehearsal.errors import RehearsalError
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes
from rehearsal.workloads.services import Service
from rehearsal.workloads.tasks import Target

FOLDER = "container"
TESTBED = f"{FOLDER}/testbed/__main__.py"
START_SECONDS = 300.0
"""Timeout for the tasks of one service to become healthy."""
SHUTDOWN_SECONDS = 30.0
"""Timeout for the testbed to stop its databases and engines."""
LAST_LINES = 20
"""Lines of the testbed's output shown when it does not start."""


def unpack(repository: Path, commit: str, directory: Path) -> Path:
    """Unpack the commit's container folder below `directory`, and return it.

    Raises RehearsalError if the commit has no testbed, or if programs that it runs are not installed.
    """
    git = ["git", "-C", str(repository)]
    if subprocess.run([*git, "cat-file", "-e", f"{commit}:{TESTBED}"], capture_output=True, check=False).returncode:
        raise RehearsalError(f"--tasks container: commit {commit[:12]} has no {TESTBED}")
    target = directory / "tasks"
    target.mkdir(exist_ok=True)
    archive = subprocess.run([*git, "archive", commit, FOLDER], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "x", "-C", str(target)], input=archive, check=True)
    folder = target / FOLDER
    check = [sys.executable, "-m", "testbed", "--check"]
    done = subprocess.run(check, env=_environment(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RehearsalError(f"--tasks container: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
    return folder


class ContainerTasks:
    """Starts a testbed for every service, with its desired number of tasks."""

    kind = "container task"

    def __init__(self, processes: Processes, folder: Path) -> None:
        self._processes = processes
        self._folder = folder
        self._running: dict[Target, subprocess.Popen[str]] = {}

    def start(self, service: Service, environment: Mapping[str, str]) -> list[Target]:
        """Start the tasks and return their targets once all are healthy; raises ActionFailed."""
        credentials = self._folder.parent / f"{service.aws_environment.account}-{service.name}.json"
        credentials.touch(0o600)
        names = {"username": "YAWL_ADMIN_USER", "password": "YAWL_ADMIN_PASSWORD"}
        credentials.write_text(json.dumps({key: service.variables.get(name, "") for key, name in names.items()}))
        count = str(max(1, len(service.tasks)))
        command = [sys.executable, "-m", "testbed", "--tasks", count, "--credentials-file", str(credentials)]
        process = self._processes.start(
            command,
            directory=self._folder.parent,
            # A variable, because the testbeds of earlier commits have no such option.
            environment={**_environment(self._folder, environment), "IMAGE_VERSION": service.version or "testbed"},
            hold_input=True,
            shutdown_seconds=SHUTDOWN_SECONDS,
        )
        watchdog = threading.Timer(START_SECONDS, self._processes.end, [process])
        watchdog.start()
        output: deque[str] = deque(maxlen=LAST_LINES)
        lines = iter(process.stdout or ())
        try:
            for line in lines:
                if line.startswith('{"targets"'):
                    threading.Thread(target=_drain, args=(lines,), daemon=True).start()
                    targets = [Target(found["address"], found["port"]) for found in json.loads(line)["targets"]]
                    self._running |= dict.fromkeys(targets, process)
                    return targets
                output.append(line.rstrip())
        finally:
            watchdog.cancel()
        self._processes.end(process)
        raise ActionFailed(f"the container tasks of {service.name} did not start: {'; '.join(output) or 'no reason'}")

    def end(self, targets: Sequence[Target]) -> None:
        """End the testbeds of these targets."""
        for process in {self._running.pop(target) for target in targets}:
            self._processes.end(process)


def _environment(folder: Path, proxy: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the testbed's variables; `proxy` are those that keep calls to AWS on this machine."""
    own = {**machine_environment(folder.parent), **(proxy or {})}
    return {**own, "PYTHONPATH": os.pathsep.join(filter(None, [own.get("PYTHONPATH"), str(folder)]))}


def _drain(lines: Iterable[str]) -> None:
    """Read the rest, so that the testbed never blocks on a full pipe."""
    for _ in lines:
        pass
