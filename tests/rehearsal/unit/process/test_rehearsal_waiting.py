"""Every wait has a limit, and a message that says what it waited for."""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.actions.builds import build, on_demand
from rehearsal.actions.run import ActionFailed, Run
from rehearsal.errors import RehearsalError
from rehearsal.process import aws_hosts, git
from rehearsal.process.processes import Processes
from rehearsal.workloads import command
from rehearsal.workloads.services import Service

PATH = os.environ["PATH"]


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_git_that_waits_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "git", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{PATH}")
    monkeypatch.setattr(git, "SECONDS", 0.2)
    with pytest.raises(RehearsalError, match="git fetch origin did not end within 0 s; run it yourself to see"):
        git.run("fetch", "origin")


def test_git_cannot_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "git", "echo $GIT_TERMINAL_PROMPT; cat; exec sh -c ': </dev/tty'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{PATH}")
    done = git.run("fetch")
    assert (done.returncode != 0, done.stdout) == (True, b"0\n")


def test_lock_of_an_installation_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_demand, "LOCK_SECONDS", 0.3)
    with (tmp_path / "yarn@1.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(on_demand.Unavailable, match=r"has been installing yarn@1 for 0 s; end .*/yarn@1\.lock$"):
            on_demand.install("npm", "yarn@1", tmp_path, {"PATH": PATH})


def test_two_builds_install_a_package_once(tmp_path: Path) -> None:
    program(tmp_path / "bin", "npm", f"sleep 0.5; echo installed >>{tmp_path}/calls")
    environment = {"PATH": f"{tmp_path / 'bin'}:{PATH}"}
    found: list[Path] = []

    def install() -> None:
        found.append(on_demand.install("npm", "yarn@1", tmp_path / "cache", environment))

    builds = [threading.Thread(target=install) for _ in range(3)]
    for one in builds:
        one.start()
    for one in builds:
        one.join(30)
    assert found == [tmp_path / "cache/yarn@1"] * 3
    assert (tmp_path / "calls").read_text() == "installed\n"


def test_build_that_is_silent_says_what_it_ran(tmp_path: Path) -> None:
    said: list[str] = []
    context = SimpleNamespace(processes=Processes())
    run = cast(Run, SimpleNamespace(context=context, log=said.append, fail_on_purpose=False))
    script = "printf '$ npm ci\\n'; echo added 1 package; printf '$ npm test\\n'; exec sleep 60"
    with pytest.raises(ActionFailed, match=r"^the build timed out after 0\.01 minutes, while it ran: npm test$"):
        build._execute(run, ["sh", "-c", script], tmp_path, {"PATH": PATH}, minutes=cast(int, 0.01))


def test_workload_that_does_not_start_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "START_SECONDS", 0.3)
    monkeypatch.setattr(command, "SHUTDOWN_SECONDS", 0.1)
    service = Service(AwsEnvironment("1" * 12, "eu-west-1"), "a/shop/1", "shop:1", "/", (), (), {})
    starter = command.WorkloadCommand(
        "echo connecting; exec sleep 60", Processes(), tmp_path / "home", command.Source(tmp_path, "c0ffee")
    )
    began = time.monotonic()
    with pytest.raises(ActionFailed, match=r'shop did not start: it printed no {"targets" within 0 s; connecting$'):
        starter.start(service, {})
    assert time.monotonic() - began < 20


def test_node_of_functions_is_whole_as_soon_as_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two functions that begin at once start the same one."""
    node, write = tmp_path / "nodes/node", Path.write_text
    seen: list[bool] = []

    def slowly(path: Path, text: str, *rest: Any) -> int:
        written = write(path, text[: len(text) // 2], *rest)
        seen.append(node.exists())
        return written + write(path, text, *rest)

    monkeypatch.setattr(Path, "write_text", cast(Callable[..., int], slowly))
    aws_hosts.write_node(node, "/usr/bin/node", tmp_path)
    assert seen == [False]
    assert os.access(node, os.X_OK)
    assert list(node.parent.iterdir()) == [node]
