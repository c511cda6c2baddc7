"""Starts a fake of each task of a service: the first is active, the others are standbys."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.actions.run import ActionFailed
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes
from rehearsal.workloads.services import Service
from rehearsal.workloads.tasks import Target


class FakeTasks:
    """Starts a process for every task."""

    kind = "fake task"

    def __init__(self, processes: Processes, directory: Path) -> None:
        self._processes = processes
        self._directory = directory
        self._running: dict[Target, subprocess.Popen[str]] = {}

    def start(self, service: Service, environment: Mapping[str, str]) -> list[Target]:  # noqa: ARG002 - fakes make no calls
        """Start a process for each task and return the targets; raises ActionFailed."""
        first, *others = service.tasks or ("fake",)
        active = self._start(service, first, None)
        return [active, *(self._start(service, name, active.port) for name in others)]

    def end(self, targets: Sequence[Target]) -> None:
        """End the processes of these targets."""
        for target in targets:
            self._processes.end(self._running.pop(target))

    def _start(self, service: Service, task: str, active_port: int | None) -> Target:
        command = [
            sys.executable,
            "-m",
            "rehearsal.workloads.fake_engine",
            "--health-path",
            service.health_path,
            "--task",
            task,
        ]
        process = self._processes.start(
            [*command, "--active-port", str(active_port)] if active_port else command,
            directory=self._directory,
            environment={**machine_environment(self._directory), "PYTHONPATH": str(Path(__file__).parents[2])},
            hold_input=True,
        )
        if process.stdin is None or process.stdout is None:
            raise ValueError("a fake task is started with its input and output held")
        try:
            # Not on the command line, where every user of this machine could read the secrets.
            process.stdin.write(json.dumps(service.variables) + "\n")
            process.stdin.flush()
            target = Target("127.0.0.1", json.loads(process.stdout.readline())["port"])
        except (OSError, ValueError, KeyError) as error:
            self._processes.end(process)
            raise ActionFailed(f"the fake task for {service.target_group} did not start: {error}") from None
        self._running[target] = process
        return target
