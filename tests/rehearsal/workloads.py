"""Workloads of this project, as tests give them to a rehearsal; they are started from the repository."""

import shlex
import sys
from pathlib import Path

from rehearsal.process.processes import Processes
from rehearsal.workloads.command import Source, WorkloadCommand
from tests.paths import ROOT

FAKE = f"{shlex.quote(sys.executable)} -m tools.rehearsal_workloads.fake"
CONTAINER = f"{shlex.quote(sys.executable)} -m tools.rehearsal_workloads.container"


def workload(
    processes: Processes, directory: Path, command: str = FAKE, *, repository: Path = ROOT, commit: str = "HEAD"
) -> WorkloadCommand:
    """A command that runs behind load balancers, with files below `directory`."""
    return WorkloadCommand(command, processes, directory / "workload", Source(repository, commit))
