"""The main job, by its command: this commit, through the whole pipeline, on an emulated AWS."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Generator
from pathlib import Path

import pytest

from rehearsal.process.run_directory import cache
from tests.paths import ROOT
from tests.rehearsal.end_to_end.conftest import Repository
from tests.rehearsal.workloads import FAKE

BEFORE_THE_ENVIRONMENTS = ["Source", "Build", "UpdatePipeline", "Assets"]

LEAST_CALLS = 3800
"""Calls whose permissions are evaluated in a whole delivery: nine tenths of those of November 2026."""
LEAST_SERVICE_CALLS = 1900
"""Of those, the calls that AWS's services make by the table of them, evaluated after each stack: nine tenths too."""


@pytest.fixture(autouse=True)
def _no_bytecode_left(tmp_path: Path) -> Generator[None, None, None]:
    """Remove what builds below the test's own folder have had compiled: no path of theirs comes again."""
    yield
    shutil.rmtree(cache() / "bytecode" / tmp_path.relative_to("/"), ignore_errors=True)


def test_make_rehearse_delivers_this_commit_to_prod(tmp_path: Path) -> None:
    report, page = tmp_path / "report.json", tmp_path / "report.html"
    arguments = f"ARGS=--approve yes --json {report} --html {page} --logs {tmp_path / 'logs'}"
    done = subprocess.run(["make", "rehearse", arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    document = json.loads(report.read_text())
    assert (document["result"], document["verdict"]) == ("succeeded", "passed")
    accounts = configured_accounts()
    stages = [stage["name"] for stage in document["stages"]]
    assert stages[: len(BEFORE_THE_ENVIRONMENTS)] == BEFORE_THE_ENVIRONMENTS
    assert [stage for stage in stages if stage in accounts] == list(accounts)
    assert {action["status"] for stage in document["stages"] for action in stage["actions"]} == {"succeeded"}
    assert {name: found["account"] for name, found in document["environments"].items()} == accounts
    assert all(found["url"].endswith(".elb.amazonaws.com") for found in document["environments"].values())
    assert "does not prove" in done.stdout
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert document["commit"] == head.stdout.strip()
    assert document["timeline"]["critical_path"]
    tested = [action for stage in document["stages"] for action in stage["actions"] if action["tests"]]
    assert [action["name"] for action in tested] == ["IntegrationTests"] * len(accounts)
    permissions = document["permissions"]
    assert (permissions["mode"], permissions["refused"], permissions["unchecked"]) == ("enforced", [], [])
    assert permissions["open_questions"] == [], "what the emulator does not know of a call is no decision"
    assert permissions["evaluated"] >= LEAST_CALLS
    assert permissions["service_calls"]["evaluated"] >= LEAST_SERVICE_CALLS
    assert f"permissions: {permissions['evaluated']:,} calls evaluated, 0 refused" in done.stdout
    assert f"report: {page}" in done.stdout
    assert "Passed" in page.read_text()


def test_without_a_terminal_it_stops_at_the_approval(prod_in_two_regions: Repository, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    rehearsal = start(prod_in_two_regions, tmp_path, "--json", str(report))
    output, _ = rehearsal.communicate(timeout=900)
    assert rehearsal.returncode == 3, output
    assert "--approve yes" in output
    document = json.loads(report.read_text())
    assert document["result"] == "stopped"
    *_, gate, first, second = document["stages"]
    assert [(action["name"], action["status"]) for action in gate["actions"]] == [("Approve", "stopped")]
    assert {action["status"] for stage in (first, second) for action in stage["actions"]} == {"waiting"}


@pytest.fixture
def _interruptible() -> None:
    """Let what is started here be interrupted, also where these tests run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.usefixtures("_interruptible")
def test_interrupted_rehearsal_leaves_nothing_running(prod_in_two_regions: Repository, tmp_path: Path) -> None:
    rehearsal = start(prod_in_two_regions, tmp_path, "--approve", "yes")
    assert rehearsal.stdout is not None
    for line in rehearsal.stdout:
        if "UpdatePipeline/SelfMutate running" in line:
            break
    children = processes_with(str(tmp_path))
    assert children, "the rehearsal keeps its files, and so its children, below the folder it was given"
    rehearsal.send_signal(signal.SIGINT)
    output = rehearsal.stdout.read()
    assert rehearsal.wait(timeout=30) == 3, output
    assert "rehearsal stopped" in output
    deadline = time.monotonic() + 30
    while processes_with(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_with(str(tmp_path)) == []
    assert list((tmp_path / "tmp").glob("rehearsal-*")) == []


def configured_accounts() -> dict[str, str]:
    """The account of each environment's stage, as the repository's own settings say."""
    settings = tomllib.loads((ROOT / "delivery.toml").read_text())
    return {name.capitalize(): found["account"] for name, found in settings["environments"].items()}


def start(repository: Repository, directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `python -m rehearsal` in the repository, its temporary files below `directory`."""
    temporary = directory / "tmp"
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "rehearsal",
            "--set",
            "BAKE_MINUTES=0.005",
            "--set",
            "P99_LIMIT_SECONDS=30",
            "--workload",
            FAKE,
            "--logs",
            str(directory / "logs"),
            *arguments,
        ],
        cwd=repository.path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_with(text: str) -> list[str]:
    """The processes whose environment names `text`, this one left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().decode(errors="replace")
            command = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if text in environment and folder.name != str(os.getpid()):
            found.append(command)
    return found
