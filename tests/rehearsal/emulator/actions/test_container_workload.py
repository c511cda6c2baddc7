"""The container's own processes as tasks: started by the commit's testbed, told what the engine's credentials are."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.run import ActionFailed
from rehearsal.workloads.command import WorkloadCommand
from rehearsal.workloads.tasks import Tasks
from testbed import system_packages
from tests.rehearsal.emulator.actions.test_workloads import HEALTH, PASSWORD, USER, service
from tests.rehearsal.emulator.aws.test_load_balancers import by_proxy
from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.workloads import CONTAINER, workload
from tools.rehearsal_workloads.container import TESTBED as TESTBED_FILE

TESTBED = """
import argparse, http.server, json, os, pathlib, stat, sys, threading

parser = argparse.ArgumentParser()
parser.add_argument("--tasks", type=int)
parser.add_argument("--credentials-file", type=pathlib.Path)
options = parser.parse_args()
here = pathlib.Path(NOTES)
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
        (repository / TESTBED_FILE).write_text(testbed)
    git = ["git", "-C", str(repository), "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["-c", "commit.gpgsign=false", "commit", "-q", "-m", "Test"]):
        subprocess.run([*git, *arguments], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def container(workshop: Any, directory: Path, *, fails: bool = False) -> WorkloadCommand:
    """The container's workload with a commit that has the testbed above."""
    repository = directory / "repository"
    commit = committed(repository, f"FAILS = {fails}\nNOTES = {str(directory)!r}\n{TESTBED}")
    return workload(workshop.processes, directory, CONTAINER, repository=repository, commit=commit)


def test_testbed_tasks_answer_behind_the_load_balancer(account: Account, workshop: Any, tmp_path: Path) -> None:
    ids = account.deploy(**service())
    output = Tasks(account.cloud, container(workshop, tmp_path)).start("stack", account.place)
    assert [words.rpartition(":")[0] for words in output] == ["workload on 127.0.0.1"] * 2
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
    output = Tasks(account.cloud, workload(workshop.processes, tmp_path, CONTAINER)).start("stack", account.place)
    assert len({words.split()[2] for words in output}) == 2, "each task has an address of its own"
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
    Tasks(account.cloud, container(workshop, tmp_path)).start("stack", account.place)
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert (asked["tasks"], asked["credentials"]) == (2, {"username": USER, "password": PASSWORD})
    assert asked["environment"]["IMAGE_VERSION"] == "6.1.0"
    assert asked["mode"] == 0o600
    assert PASSWORD not in json.dumps([asked["arguments"], asked["environment"]])


def test_testbed_can_clean_up_before_it_ends(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    Tasks(account.cloud, container(workshop, tmp_path)).start("stack", account.place)
    workshop.processes.end_all()
    assert (tmp_path / "farewell").exists()


def test_start_failure_is_reported(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    tasks = Tasks(account.cloud, container(workshop, tmp_path, fails=True))
    with pytest.raises(ActionFailed, match="did not start: starting PostgreSQL; Debian's package haproxy is missing"):
        tasks.start("stack", account.place)


def test_commit_without_a_testbed_is_refused(account: Account, workshop: Any, tmp_path: Path) -> None:
    account.deploy(**service())
    commit = committed(tmp_path / "repository", None)
    command = workload(workshop.processes, tmp_path, CONTAINER, repository=tmp_path / "repository", commit=commit)
    with pytest.raises(ActionFailed, match=f"did not start: commit {commit[:12]} has no {TESTBED_FILE}$"):
        Tasks(account.cloud, command).start("stack", account.place)
