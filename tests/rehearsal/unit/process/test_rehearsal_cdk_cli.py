"""Which CDK CLI a rehearsal tries, in which order."""

import json
from pathlib import Path

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.process import cdk_cli
from rehearsal.process.cdk_cli import CdkCli, candidates
from rehearsal.process.processes import Processes

PROJECT = Path(__file__).parents[4]
NEW, OLD = "2.1100.0", "2.170.0"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a PATH without a CLI, and with an npm that cannot be reached."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    write_npm(tmp_path, "echo npm error code ENOTFOUND; echo npm error request to the registry failed; exit 1")
    return tmp_path


def write_npm(directory: Path, script: str) -> None:
    npm = directory / "bin/npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)


def install(folder: Path, version: str) -> Path:
    """Install a CLI as npm does; return the program."""
    package, program = folder / "node_modules/aws-cdk", folder / "node_modules/.bin/cdk"
    for parent in (package / "bin", program.parent):
        parent.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": version}))
    (package / "bin/cdk").touch(mode=0o755)
    program.symlink_to("../aws-cdk/bin/cdk")
    return program


def origins(project: Path) -> list[str]:
    """Return where the CLIs were found that can be had without npm."""
    found: list[str] = []
    with pytest.raises(RehearsalError, match="cannot install aws-cdk"):
        found.extend(str(cli) for cli in candidates(project, Processes()))
    return found


def test_pinned_version_is_that_of_this_project() -> None:
    locked = json.loads((PROJECT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]
    assert (locked["version"], locked["integrity"]) == (cdk_cli.VERSION, cdk_cli.INTEGRITY)


def test_own_cli_comes_before_the_one_of_the_project_and_of_the_path(tmp_path: Path) -> None:
    install(tmp_path / f"home/.cache/rehearsal/aws-cdk-{cdk_cli.VERSION}", cdk_cli.VERSION)
    install(tmp_path / "repository", NEW)
    (tmp_path / "bin/cdk").symlink_to(install(tmp_path / "global", NEW))
    found = [str(cli) for cli in candidates(tmp_path / "repository/app", Processes())]
    assert found == [
        f"CDK CLI {cdk_cli.VERSION} (the rehearsal's own)",
        f"CDK CLI {NEW} (the project's)",
        f"CDK CLI {NEW} (on the PATH)",
    ]


def test_older_cli_is_the_last_choice(tmp_path: Path) -> None:
    install(tmp_path / "repository", OLD)
    assert origins(tmp_path / "repository") == [f"CDK CLI {OLD} (the project's)"]


@pytest.mark.parametrize("version", ["1.204.0", "3.0.0"])
def test_cli_of_another_major_version_is_not_used(tmp_path: Path, version: str) -> None:
    install(tmp_path / "repository", version)
    assert origins(tmp_path / "repository") == []


def test_missing_network_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError) as error:
        next(candidates(tmp_path, Processes()))
    assert str(error.value) == (
        f"cannot install aws-cdk {cdk_cli.VERSION}: request to the registry failed; connect to the npm registry once, "
        f"or install it in the project: npm install --save-dev aws-cdk@{cdk_cli.VERSION}"
    )


def test_npm_without_an_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npm(tmp_path, "exec sleep 600")
    monkeypatch.setattr(cdk_cli, "INSTALL_SECONDS", 0.2)
    with pytest.raises(RehearsalError, match="no answer within 0 s"):
        next(candidates(tmp_path, Processes()))


def test_pinned_cli_is_installed_once_and_into_the_cache_only(tmp_path: Path) -> None:
    package = "mkdir -p node_modules/.bin node_modules/aws-cdk/bin; touch node_modules/aws-cdk/bin/cdk"
    link = "ln -s ../aws-cdk/bin/cdk node_modules/.bin/cdk"
    write_npm(tmp_path, f'echo "$*" >> {tmp_path}/calls; {package}; {link}; cp package-lock.json node_modules/')
    for _ in range(2):
        found = next(candidates(tmp_path, Processes()))
        assert found.program.is_relative_to(tmp_path / "home/.cache/rehearsal")
        assert found.program.exists()
    [call] = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("ci --ignore-scripts")
    locked = json.loads((found.program.parents[1] / "package-lock.json").read_text())["packages"]
    assert locked["node_modules/aws-cdk"]["integrity"] == cdk_cli.INTEGRITY
    left = {file.name for file in (tmp_path / "home/.cache/rehearsal").iterdir()}
    assert left == {f"aws-cdk-{cdk_cli.VERSION}"}


def test_bootstrap_template_is_that_of_the_cli(tmp_path: Path) -> None:
    cli = CdkCli(PROJECT / "node_modules/.bin/cdk", "of this project")
    assert "cdk-${Qualifier}-deploy-role-${AWS::AccountId}-${AWS::Region}" in cli.bootstrap_template
    with pytest.raises(RehearsalError, match="cannot read the bootstrap template of the CDK CLI"):
        _ = CdkCli(install(tmp_path, NEW), "of the test").bootstrap_template
