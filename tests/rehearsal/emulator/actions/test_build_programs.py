"""Programs and runtimes of CodeBuild's image: from this machine, from a package, or said to be missing."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.builds import runtimes
from rehearsal.actions.run import ActionFailed, ActionNotRehearsed
from rehearsal.gaps import GapKind
from rehearsal.process import interpreters
from tests.rehearsal.emulator.action_runner import Workshop
from tests.rehearsal.emulator.actions.test_build_action import Projects

PRIVILEGED = {"privilegedMode": True}
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def projects(workshop: Workshop) -> Projects:
    return Projects(workshop)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the only programs of the user's, before those of the system."""
    users = tmp_path / "users"
    users.mkdir()
    monkeypatch.setenv("PATH", f"{users}:{Path(sys.executable).parent}:/usr/bin:/bin")
    monkeypatch.setattr(interpreters, "user_home", lambda: tmp_path / "home")
    return users


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def run_with_runtimes(projects: Projects, command: str, **versions: str) -> list[str]:
    """Run a command after an install phase with these runtimes; return what it printed."""
    phases = {"install": {"runtime-versions": versions}, "build": {"commands": [command]}}
    projects.run_specification(json.dumps({"version": "0.2", "phases": phases}))
    return projects.output


def gaps(projects: Projects) -> list[tuple[GapKind, str]]:
    return projects.workshop.details.gaps


def test_privileged_build_that_needs_no_docker_runs(projects: Projects, machine: Path) -> None:
    program(machine, "docker", "exit 1")
    projects.run("echo built", environment=PRIVILEGED)
    assert (projects.output, gaps(projects)) == (["built"], [])


def test_docker_command_without_a_daemon_is_a_gap_and_the_next_command_runs(projects: Projects, machine: Path) -> None:
    program(machine, "docker", "exit 1")
    with pytest.raises(ActionNotRehearsed, match="docker build: no Docker daemon is running") as raised:
        projects.run("docker build", "echo next", environment=PRIVILEGED)
    assert raised.value.kind is GapKind.DOCKER
    assert projects.output[-1] == "next"


def test_build_with_outputs_goes_on_after_a_docker_gap(projects: Projects, machine: Path) -> None:
    program(machine, "docker", "exit 1")
    artifacts = {"files": ["out.txt"]}
    projects.run("docker ps", "echo 1 > out.txt", environment=PRIVILEGED, outputs=("Built",), artifacts=artifacts)
    assert projects.workshop.artifacts.read("Built::out.txt") == "1\n"
    assert [kind for kind, _ in gaps(projects)] == [GapKind.DOCKER]


def test_failure_that_no_gap_caused_fails_the_build(projects: Projects, machine: Path) -> None:
    program(machine, "docker", "exit 1")
    with pytest.raises(ActionFailed, match="exit status 3"):
        projects.run("docker ps || true", "exit 3", environment=PRIVILEGED)


def test_docker_in_a_build_that_is_not_privileged_fails_as_in_codebuild(projects: Projects, machine: Path) -> None:
    program(machine, "docker", "exit 0")
    with pytest.raises(ActionFailed, match=r"Cannot connect to the Docker daemon|not privileged"):
        projects.run("docker ps")


def test_privileged_build_uses_a_docker_that_works(projects: Projects, machine: Path) -> None:
    program(machine, "docker", "echo docker $1")
    projects.run("docker ps", environment=PRIVILEGED)
    assert (projects.output, gaps(projects)) == (["docker ps"], [])


@pytest.mark.parametrize("manager", ["apt-get", "yum"])
def test_system_packages_that_exist_install_and_others_are_a_gap(projects: Projects, manager: str) -> None:
    projects.run(f"{manager} update -y && {manager} install -y git tar")
    assert gaps(projects) == []
    with pytest.raises(ActionNotRehearsed, match=f"{manager} install: this machine has no no-such-package-here"):
        projects.run(f"{manager} install -y git no-such-package-here")


def test_locales_of_this_machine_are_not_changed(projects: Projects, machine: Path) -> None:
    for name in ("locale-gen", "localedef", "update-locale"):
        program(machine, name, "echo changes this machine")
    program(machine, "locale", "printf 'C\\nen_US.utf8\\n'")
    locales = "locale-gen en_US.UTF-8 && localedef -i en_US -f UTF-8 en_US.UTF-8 && update-locale LANG=en_US.UTF-8"
    projects.run(locales, "echo next")
    assert gaps(projects) == []
    projects.run("locale-gen en_US.UTF-8 xx_XX.UTF-8", "localedef -c -i xx -f UTF-8 xx.UTF-8", "echo next")
    assert "changes this machine" not in projects.output
    assert projects.output[-1] == "next"
    assert gaps(projects) == [
        (GapKind.RUNTIME, "locale-gen: this machine has no locale xx_XX.UTF-8, and a rehearsal makes none"),
        (GapKind.RUNTIME, "localedef: this machine has no locale xx.UTF-8, and a rehearsal makes none"),
    ]


@pytest.mark.parametrize("command", ["eksctl version", "gem install cfn-nag"])
def test_program_of_the_image_that_is_missing_here_is_a_gap(projects: Projects, machine: Path, command: str) -> None:
    del machine
    name = command.partition(" ")[0]
    with pytest.raises(ActionNotRehearsed, match=f"{name} is in CodeBuild's images but not on this machine") as raised:
        projects.run(command)
    assert raised.value.kind is GapKind.RUNTIME


def test_own_image_and_user_are_gaps(projects: Projects) -> None:
    projects.run("true", environment={"image": "example.com/own:1"}, **{"run-as": "builder"})
    assert gaps(projects) == [
        (GapKind.RUNTIME, "the build ran outside of its image example.com/own:1"),
        (GapKind.RUNTIME, "run-as builder: the commands ran as the user who started the rehearsal"),
    ]


def test_windows_build_is_not_rehearsed(projects: Projects) -> None:
    with pytest.raises(ActionNotRehearsed, match="runs on Windows"):
        projects.run("dir", environment={"type": "WINDOWS_SERVER_2022_CONTAINER"})


def test_own_python_and_node_fulfil_their_own_versions(projects: Projects) -> None:
    node = interpreters.node_version("node").partition(".")[0]
    ask = "python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'; node --version"
    said = run_with_runtimes(projects, ask, python=OURS, nodejs=f"{node}.x")
    assert said[-2] == OURS
    assert said[-1].startswith(f"v{node}.")
    assert gaps(projects) == []


OTHER_PYTHON = """\
case "$*" in
  *version_info*) echo 3.99.4 ;;
  *) exec {python} "$@" ;;
esac
"""


def test_other_python_of_the_machine_is_used(projects: Projects, machine: Path) -> None:
    program(machine, "python3.99", OTHER_PYTHON.format(python=sys.executable))
    said = run_with_runtimes(projects, "python3 -m pip --version", python="3.99")
    assert said[0] == f"runtime python 3.99.4: {machine}/python3.99"
    assert "/python/lib/" in said[-1]
    assert gaps(projects) == []


def test_other_node_of_the_machine_is_used(projects: Projects, machine: Path) -> None:
    root = machine.parent / "home/.nvm/versions/node/v99.1.0"
    for folder in (root / "bin", root / "lib/node_modules/npm/bin"):
        folder.mkdir(parents=True)
    (root / "lib/node_modules/npm/bin/npm-cli.js").touch()
    program(root / "bin", "node", "echo v99.1.0 $*")
    said = run_with_runtimes(projects, "node app.js; npm ci", nodejs="99")
    assert "app.js" in said[-2]
    assert said[-2].startswith("v99.1.0 --require")
    assert "npm-cli.js ci" in said[-1]


def test_jdk_of_the_machine_is_used(projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "jdk"
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text('JAVA_VERSION="98.0.1"\n')
    program(home / "bin", "javac", "echo javac 98")
    monkeypatch.setattr(runtimes, "JAVA_PLACES", (str(home),))
    said = run_with_runtimes(projects, "javac; echo $JAVA_HOME", java="corretto98")
    assert said[-2:] == ["javac 98", str(home)]


UNKNOWN: list[tuple[str, str, str]] = [
    (
        "java",
        "corretto97",
        "runtime-versions java corretto97 is not available (no JDK of it is installed); the build ran",
    ),
    ("ruby", "97.1", "runtime-versions ruby 97.1 is not available; the build ran"),
    ("android", "97", "runtime-versions android 97 is not available; the build ran without it"),
]


@pytest.mark.parametrize(("runtime", "version", "reason"), UNKNOWN)
def test_runtime_that_nothing_provides_is_a_gap(projects: Projects, runtime: str, version: str, reason: str) -> None:
    run_with_runtimes(projects, "true", **{runtime: version})
    [(kind, text)] = gaps(projects)
    assert kind is GapKind.RUNTIME
    assert text.startswith(reason)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No registry, and nothing downloaded before."""
    for name in ("UV_OFFLINE", "NPM_CONFIG_OFFLINE"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setattr("rehearsal.actions.builds.image_tools.cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("rehearsal.actions.builds.environment.cache", lambda: tmp_path / "cache")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("runtime", "version"), [("nodejs", "22"), ("python", "3.4"), ("golang", "1.22")])
def test_runtime_that_cannot_be_downloaded_is_a_gap(
    projects: Projects, machine: Path, runtime: str, version: str
) -> None:
    del machine
    versions: dict[str, Any] = {runtime: version}
    assert run_with_runtimes(projects, "echo ran", **versions)[-1] == "ran"
    [(_, text)] = gaps(projects)
    assert text.startswith(f"runtime-versions {runtime} {version} is not available (")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("command", "package"), [("yarn", "yarn@1"), ("pipenv", "pipenv"), ("pnpm", "pnpm@10")])
def test_program_that_cannot_be_downloaded_is_a_gap(
    projects: Projects, machine: Path, command: str, package: str
) -> None:
    del machine
    with pytest.raises(ActionNotRehearsed, match=f"^{command}: cannot install {package}, perhaps without a network: "):
        projects.run(f"{command} --version")


@pytest.mark.parametrize("later", ["post_build", "finally"])
def test_failure_before_a_gap_fails_the_build(projects: Projects, machine: Path, later: str) -> None:
    program(machine, "docker", "exit 1")
    build: dict[str, Any] = {"commands": ["exit 3"]}
    phases = {"build": build, "post_build": {"commands": ["docker push it"]}}
    if later == "finally":
        phases = {"build": {**build, "finally": ["docker push it"]}}
    with pytest.raises(ActionFailed, match="exit status 3"):
        projects.run_specification(json.dumps({"version": "0.2", "phases": phases}), environment=PRIVILEGED)
