"""A rehearsal that is killed, and the one that goes on with it: one delivery, whatever becomes of who runs it."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rehearsal.conftest import Repository
from tests.rehearsal.failure_matrix import KILLED, Matrix, Row
from tests.rehearsal.prepared_releases import Releases
from tests.rehearsal.test_main_job import processes_with, start

KILLS = ("Build/Synth", "UpdatePipeline/SelfMutate", "Dev/yawl-dev-database.Deploy", "Staging/IntegrationTests")
REPRESENTATIVE = ("Dev/yawl-dev-database.Deploy",)
BUILD_SECONDS = 1


@dataclass
class Killable:
    """A rehearsal that can be killed and gone on with."""

    repository: Repository
    directory: Path
    running: subprocess.Popen[str]

    def kill_in(self, action: str) -> str:
        """Kill it as soon as the action runs; return what it had printed until then."""
        assert self.running.stdout
        printed: list[str] = []
        for line in self.running.stdout:
            printed.append(line)
            if f"{action} running" in line:
                break
        self.running.kill()
        self.running.wait(timeout=10)
        return "".join(printed)

    def go_on(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", "rehearsal", "--resume"],
            cwd=self.repository.path,
            env={**os.environ, "TMPDIR": str(self.directory / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def killable(repository: Repository, matrix: Matrix, tmp_path: Path) -> Killable:
    releases = Releases(repository, tmp_path / "repository", build_seconds=BUILD_SECONDS)
    copy = Repository(releases.path, releases.commit("one"), tmp_path)
    fail = [] if matrix.is_whole else ["--fail", "Dev/Bake"]
    report = ["--json", str(tmp_path / "report.json")]
    return Killable(copy, tmp_path, start(copy, tmp_path, "--approve", "yes", "--tasks", "none", *report, *fail))


def test_a_killed_rehearsal_is_gone_on_with_to_the_same_end(killable: Killable, matrix: Matrix) -> None:
    kills = KILLS if matrix.is_whole else REPRESENTATIVE
    began = time.monotonic()
    for action in kills:
        printed = killable.kill_in(action)
        assert f"{action} running" in printed, printed
        killable.go_on()
        matrix.rows.append(
            Row(group=KILLED, name=f"`{action}`", outcome="gone on with", seconds=time.monotonic() - began)
        )
        began = time.monotonic()
    output, _ = killable.running.communicate(timeout=400)
    assert killable.running.returncode == (0 if matrix.is_whole else 1), output
    report = json.loads((killable.directory / "report.json").read_text())
    states = {f"{stage['name']}/{one['name']}": one["status"] for stage in report["stages"] for one in stage["actions"]}
    if matrix.is_whole:
        assert set(states.values()) == {"succeeded"}
    else:
        assert report["reason"] == "Dev/Bake: made to fail by --fail; no earlier execution to roll back to"
        assert {states[f"Dev/yawl-dev-{part}.Deploy"] for part in ("network", "database", "monitoring")} == {
            "succeeded"
        }
    assert (killable.directory / "logs" / "Source-Source.log").read_text().count("Release one") == 1
    assert list((killable.directory / "tmp").glob("rehearsal-*")) == []
    assert eventually_nothing_runs(killable.directory), processes_with(str(killable.directory / "tmp"))


def eventually_nothing_runs(directory: Path) -> bool:
    deadline = time.monotonic() + 5
    while processes_with(str(directory / "tmp")):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
