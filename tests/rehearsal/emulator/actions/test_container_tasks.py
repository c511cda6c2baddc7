"""The container's own processes as tasks: started by the commit's testbed, told what the engine's credentials are."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.run import ActionFailed
from rehearsal.errors import RehearsalError
from rehearsal.process.processes import Processes
from rehearsal.workloads import container_tasks as containers
from rehearsal.workloads.container_tasks import ContainerTasks
from rehearsal.workloads.tasks import Tasks
from testbed import system_packages
from tests.paths import ROOT
from tests.rehearsal.emulator.actions.test_fake_tasks import HEALTH, PASSWORD, USER, service
from tests.rehearsal.emulator.aws.test_load_balancers import by_proxy
from tests.rehearsal.emulator.conftest import Account

TESTBED = """
import argparse, http.server, json, os, pathlib, stat, sys, threading

parser = argparse.ArgumentParser()
parser.add_argument("--check", action="store_true")
parser.add_argument("--tasks", type=int)
parser.add_argument("--credentials-file", type=pathlib.Path)
options = parser.parse_args()
if options.check:
    sys.exit("testbed: missing Debian packages: " + MISSING if MISSING else 0)
here = pathlib.Path(__file__).parents[2]
(here / "asked.json").write_text(json.dumps({
    "tasks": options.tasks,
    "credentials": json.loads(options.credentials_file.read_text()),
    "mode": stat.S_IMODE(options.credentials_file.stat().st_mode),
    "environment": dict(os.environ),
    "arguments": sys.argv,
}))

class Task(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from a container")

    def log_message(self, *_):
        pass

print("starting PostgreSQL", flush=True)
if FAILS:
    sys.exit("Debian's package haproxy is missing")
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Task) for _ in range(options.tasks)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
targets = [{"address": "127.0.0.1", "port": server.server_address[1]} for server in servers]
print(json.dumps({"targets": targets}), flush=True)
sys.stdin.read()
(here / "farewell").touch()
"""


def committed(repository: Path, testbed: str | None) -> str:
    """Make a repository with a testbed, or without one; return its commit."""
    (repository / "container/testbed").mkdir(parents=True)
    (repository / "container/Dockerfile").touch()
    if testbed is not None:
        (repository / containers.TESTBED).write_text(testbed)
    git = ["git", "-C", str(repository), "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["-c", "commit.gpgsign=false", "commit", "-q", "-m", "Test"]):
        subprocess.run([*git, *arguments], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def unpacked(directory: Path, *, fails: bool = False, missing: str = "") -> Path:
    """The container folder of a commit with the testbed above."""
    commit = committed(directory / "repository", f"FAILS = {fails}\nMISSING = {missing!r}\n{TESTBED}")
    return containers.unpack(directory / "repository", commit, directory)


def test_testbed_tasks_answer_behind_the_load_balancer(account: Account, workshop: Any, tmp_path: Path) -> None:
    processes: Processes = workshop.processes
    ids = account.deploy(**service())
    output = Tasks(account.cloud, ContainerTasks(processes, unpacked(tmp_path))).start("stack", account.place)
    assert [words.rpartition(":")[0] for words in output] == ["container task on 127.0.0.1"] * 2
    [balancer] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert by_proxy(account, f"http://{balancer['DNSName']}{HEALTH}") == (200, "from a container")
    health = account.client("elbv2").describe_target_health(TargetGroupArn=ids["Group"])["TargetHealthDescriptions"]
    assert len(health) == 2


BOTH_SECONDS = 20.0
"""How long it may take until both tasks have been asked: a target that is slow once has no turn."""


@pytest.mark.skipif(
    bool(system_packages.missing()) and not os.environ.get("CI"), reason="make container-packages installs them"
)
def test_container_processes_answer_behind_the_load_balancer(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    folder = containers.unpack(ROOT, "HEAD", tmp_path)
    output = Tasks(account.cloud, ContainerTasks(workshop.processes, folder)).start("stack", account.place)
    assert len({words.split()[3] for words in output}) == 2, "each task has an address of its own"
    [balancer] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    roles: set[str] = set()
    deadline = time.monotonic() + BOTH_SECONDS
    while roles != {"active", "standby"} and time.monotonic() < deadline:
        status, body = by_proxy(account, f"http://{balancer['DNSName']}{HEALTH}")
        roles.add(json.loads(body)["role"])
        assert status == 200
    for _ in output:
        status, body = by_proxy(account, f"http://{balancer['DNSName']}/yawl/ib")
        assert (status, "Invalid or expired session" in body) == (200, True)
    assert roles == {"active", "standby"}


def test_only_the_testbed_gets_the_credentials(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    Tasks(account.cloud, ContainerTasks(workshop.processes, unpacked(tmp_path))).start("stack", account.place)
    asked = json.loads((tmp_path / "tasks/asked.json").read_text())
    assert (asked["tasks"], asked["credentials"]) == (2, {"username": USER, "password": PASSWORD})
    assert asked["environment"]["IMAGE_VERSION"] == "6.1.0"
    assert asked["mode"] == 0o600
    assert PASSWORD not in json.dumps([asked["arguments"], asked["environment"]])


def test_testbed_can_clean_up_before_it_ends(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    Tasks(account.cloud, ContainerTasks(workshop.processes, unpacked(tmp_path))).start("stack", account.place)
    workshop.processes.end_all()
    assert (tmp_path / "tasks/farewell").exists()


def test_start_failure_is_reported(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    tasks = Tasks(account.cloud, ContainerTasks(workshop.processes, unpacked(tmp_path, fails=True)))
    with pytest.raises(ActionFailed, match="did not start: starting PostgreSQL; Debian's package haproxy is missing"):
        tasks.start("stack", account.place)


def test_commit_without_a_testbed_is_refused(tmp_path: Path) -> None:
    commit = committed(tmp_path / "repository", None)
    needs = f"--tasks container: commit {commit[:12]} has no {containers.TESTBED}"
    with pytest.raises(RehearsalError, match=f"^{needs}$"):
        containers.unpack(tmp_path / "repository", commit, tmp_path)


def test_missing_programs_are_reported_before_deployment(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"^--tasks container: testbed: missing Debian packages: haproxy$"):
        unpacked(tmp_path, missing="haproxy")
