"""What a killed rehearsal leaves: kept for another to go on with, and never for ever."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.keeper import Keeper, NothingKept
from tests.conftest import ROOT
from tests.tools.test_rehearsal_processes import eventually, lives

REHEARSAL = """
import sys, os, time
from pathlib import Path
from rehearsal.keeper import Keeper
from rehearsal.processes import Processes
folder, kept_seconds = Path(sys.argv[1]), float(sys.argv[2])
processes = Processes(Keeper.start(folder, kept_seconds=kept_seconds))
start = lambda script, **rest: processes.start(["sh", "-c", script], directory=folder, environment=os.environ, **rest)
serving = start("while read line; do :; done", hold_input=True)
talking = start("while sleep 0.01; do seq 1000; done", hold_input=True)
parent = start("read line; touch ../said-farewell", hold_input=True, farewell_seconds=5.0)
forgotten = start("sleep 60")
processes.end(forgotten)
build = start("sleep 60 & wait")
print(serving.pid, talking.pid, parent.pid, build.pid, flush=True)
for line in talking.stdout: pass
"""
"""A rehearsal reduced to its children: it waits for one of them until it is killed."""


@dataclass
class Killed:
    """What a killed rehearsal has left behind."""

    folder: Path
    serving: int
    talking: int
    parent: int
    build: int

    @property
    def kept(self) -> list[int]:
        return [self.serving, self.talking, self.parent]


def killed(folder: Path, kept_seconds: float) -> Killed:
    folder.mkdir()
    rehearsal = subprocess.Popen(
        [sys.executable, "-c", REHEARSAL, str(folder), str(kept_seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with rehearsal:
        assert rehearsal.stdout
        numbers = [int(word) for word in rehearsal.stdout.readline().split()]
        assert all(map(lives, numbers))
        rehearsal.kill()
    return Killed(folder, *numbers)


def test_what_serves_is_kept_until_the_next_rehearsal_says_farewell(tmp_path: Path) -> None:
    left = killed(tmp_path / "work", kept_seconds=30)
    assert eventually(lambda: not lives(left.build)), "a build has nobody to wait for it any more"
    keeper = Keeper.take_over(left.folder)
    assert all(map(lives, left.kept))
    keeper.farewell()
    assert eventually(lambda: not any(map(lives, left.kept)))
    assert eventually(lambda: not left.folder.exists())
    with pytest.raises(NothingKept):
        Keeper.take_over(left.folder)


def test_what_prints_much_does_not_wait_for_a_reader(tmp_path: Path) -> None:
    left = killed(tmp_path / "work", kept_seconds=30)
    keeper = Keeper.take_over(left.folder)
    written = Path(f"/proc/{left.talking}/io")
    if written.exists():
        before = written.read_text()
        assert eventually(lambda: written.read_text() != before)
    keeper.farewell()


def test_what_nobody_takes_over_ends_by_itself(tmp_path: Path) -> None:
    left = killed(tmp_path / "work", kept_seconds=2)
    assert eventually(lambda: not any(map(lives, [*left.kept, left.build])), seconds=15)
    assert eventually(lambda: not left.folder.exists())


def test_a_living_rehearsal_is_not_taken_over(tmp_path: Path) -> None:
    living = Keeper.start(tmp_path)
    with pytest.raises(NothingKept):
        Keeper.take_over(tmp_path)
    living.farewell()


def test_what_has_children_of_its_own_is_told_by_the_end_of_its_input(tmp_path: Path) -> None:
    left = killed(tmp_path / "work", kept_seconds=30)
    Keeper.take_over(left.folder).farewell()
    assert (tmp_path / "said-farewell").exists()


def test_a_rehearsal_whose_keeper_is_killed_goes_on(tmp_path: Path) -> None:
    keeper = Keeper.start(tmp_path)
    found = subprocess.run(["pgrep", "-f", "rehearsal.keeper"], capture_output=True, text=True, check=False).stdout
    own = [int(pid) for pid in found.split() if Path(f"/proc/{pid}/cwd").exists() and _folder(int(pid)) == tmp_path]
    assert len(own) == 1
    os.kill(own[0], signal.SIGKILL)
    with subprocess.Popen(["true"], text=True) as child:
        keeper.watch(child)
        keeper.forget(child)
    keeper.farewell()


def _folder(process_id: int) -> Path | None:
    try:
        return Path(f"/proc/{process_id}/cwd").readlink()
    except OSError:
        return None
