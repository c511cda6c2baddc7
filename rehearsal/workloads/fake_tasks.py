"""Starts a fake of each task of a service: the first is active, the others are standbys."""

import json
import sys
from collections.abc import Mapping
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

    def start(self, service: Service, environment: Mapping[str, str]) -> list[Target]:  # noqa: ARG002 - fakes make no calls
        """Start a process for each task and return the targets; raises ActionFailed."""
        active, *others = service.tasks or ("fake",)
        port = self._start(service, active, None)
        return [Target("127.0.0.1", port), *(Target("127.0.0.1", self._start(service, name, port)) for name in others)]

    def _start(self, service: Service, task: str, active_port: int | None) -> int:
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
            return json.loads(process.stdout.readline())["port"]
        except (OSError, ValueError, KeyError) as error:
            self._processes.end(process)
            raise ActionFailed(f"the fake task for {service.target_group} did not start: {error}") from None
