"""A rehearsal that is killed in different phases: nothing keeps running, and the next one removes its files."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rehearsal.end_to_end.conftest import Repository
from tests.rehearsal.end_to_end.failure_matrix import KILLED, Matrix, Row
from tests.rehearsal.end_to_end.prepared_releases import Releases
from tests.rehearsal.end_to_end.test_main_job import processes_with, start

PHASES = {
    "set-up/bootstrap": ("bootstrap",),
    "Build/Synth": ("sleep 60",),
    "UpdatePipeline/SelfMutate": ("cdk",),
    "Dev/yawl-dev-database.Deploy": ("rehearsal.emulator", "rehearsal.process.tunnel"),
    "Dev/IntegrationTests": ("sleep 60", "tools.rehearsal_workloads.fake"),
}
"""How the name of the action under way begins, and what its processes' commands contain."""
REPRESENTATIVE = ("Build/Synth", "Dev/IntegrationTests")
SLOW = {"Build/Synth": "synth", "Dev/IntegrationTests": "integration-tests"}
"""Targets of the builds that take a minute, so that they do not end by themselves."""
START_SECONDS = 10.0
END_SECONDS = 5.0


@pytest.mark.parametrize("phase", PHASES)
def test_killed_rehearsal_leaves_nothing_running(
    phase: str, repository: Repository, matrix: Matrix, tmp_path: Path
) -> None:
    if phase not in REPRESENTATIVE and not matrix.is_complete:
        pytest.skip("only with --failures-table")
    releases = Releases(repository, tmp_path / "repository")
    makefile = releases.path / "Makefile"
    if target := SLOW.get(phase):
        makefile.write_text(makefile.read_text().replace(f"{target}:\n\tsleep 0", f"{target}:\n\tsleep 60"))
    copy = Repository(releases.path, releases.commit("one"), tmp_path)
    files = tmp_path / "tmp"

    killed = start(copy, tmp_path, "--approve", "yes")
    assert killed.stdout
    printed: list[str] = []
    for line in killed.stdout:
        printed.append(line)
        if phase in line and "running" in line:
            break
    assert eventually(lambda: all(named(part, files) for part in PHASES[phase]), START_SECONDS), "".join(printed)
    killed.kill()
    killed.wait(timeout=10)
    began = time.monotonic()
    assert eventually(lambda: not processes_with(str(files)), END_SECONDS), processes_with(str(files))
    seconds = time.monotonic() - began

    following = start(copy, tmp_path, "--approve", "yes")
    assert following.stdout
    assert any("set-up/deploy" in line for line in following.stdout), "a killed rehearsal does not block the next one"
    following.send_signal(signal.SIGTERM)
    output, _ = following.communicate(timeout=30)
    assert following.returncode == 3, output
    assert eventually(lambda: not processes_with(str(files)), END_SECONDS), processes_with(str(files))
    assert list(files.glob("rehearsal-*")) == []
    matrix.rows.append(
        Row(
            group=KILLED,
            name=f"`{phase}`",
            outcome="no process is left, and the next rehearsal starts",
            seconds=seconds,
        )
    )


def named(part: str, files: Path) -> bool:
    """Whether a process of the rehearsal has this in its command."""
    return any(part in command for command in processes_with(str(files)))


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
