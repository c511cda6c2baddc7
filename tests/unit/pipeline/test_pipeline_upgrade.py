"""CDK upgrades: the deployed pipeline can read a newer library's assembly, and stops if it cannot."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from aws_cdk.assertions import Template

from pipeline.build_projects import CLI_VERSION
from tests.paths import ROOT
from tests.unit.pipeline_definition import Pipeline

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

PINNED = json.loads((ROOT / "package.json").read_text())["devDependencies"]
FAKE_NPM = """#!/bin/sh
echo "$*" >> npm.log
version="${3#aws-cdk@}"
printf '#!/bin/sh\\n' > bin/cdk
if [ "$version" = 2.9999.0 ]; then echo 'echo "2.9999.0 $*" >> cdk.log' >> bin/cdk
else echo 'echo "This CDK CLI is not compatible with the CDK library"; exit 1' >> bin/cdk; fi
chmod +x bin/cdk
"""
"""Installs a `cdk` that can read the assembly if its version is 2.9999.0, and otherwise one that cannot."""


def update(pipeline_template: Template, assembly: Path, *, named: str | None) -> subprocess.CompletedProcess[str]:
    """Run the whole build of the self-update in an assembly that names this version of the CLI."""
    phases = Pipeline(pipeline_template.to_json()["Resources"]).buildspec("UpdatePipeline", "SelfMutate")["phases"]
    commands = [command for phase in ("install", "pre_build", "build") for command in phases[phase]["commands"]]
    if named is not None:
        (assembly / CLI_VERSION).write_text(named)
    (assembly / "bin").mkdir()
    (assembly / "bin" / "npm").write_text(FAKE_NPM)
    (assembly / "bin" / "npm").chmod(0o755)
    return subprocess.run(
        ["sh", "-e", "-c", "\n".join(commands)],
        cwd=assembly,
        env={**os.environ, "PATH": f"{assembly / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_update_runs_with_the_cli_that_the_assembly_names(pipeline_template: Template, tmp_path: Path) -> None:
    done = update(pipeline_template, tmp_path, named="2.9999.0\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "npm.log").read_text() == "install -g aws-cdk@2.9999.0\n"
    compared, deployed = (tmp_path / "cdk.log").read_text().splitlines()
    assert compared.startswith("2.9999.0 -a . diff yawl-delivery ")
    assert deployed.startswith("2.9999.0 -a . deploy yawl-delivery ")


@pytest.mark.parametrize("named", [None, "", "latest\n", "2.9999.0; touch harm\n", "^2.9999.0\n", "2.9999.0 3.0.0\n"])
def test_update_runs_with_its_own_cli_where_the_assembly_names_none(
    named: str | None, pipeline_template: Template, tmp_path: Path
) -> None:
    done = update(pipeline_template, tmp_path, named=named)
    assert (tmp_path / "npm.log").read_text() == f"install -g aws-cdk@{PINNED['aws-cdk']}\n"
    assert done.returncode == 1
    assert "stops: the pipeline cannot be compared with what is deployed: This CDK CLI is not comp" in done.stdout
    assert not (tmp_path / "harm").exists()


def test_app_names_the_pinned_cli_in_its_assembly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aws_cdk import App, Stack

    import pipeline_app

    def add_little(app: App, _: object) -> SimpleNamespace:
        Stack(app, "Stack")
        return SimpleNamespace(reviews=())

    def add_nothing(*_: object) -> None:
        pass

    folder = tmp_path / "cdk.out"
    shutil.copy(ROOT / "tests" / "delivery.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline_app, "App", partial(App, outdir=str(folder)))
    monkeypatch.setattr(pipeline_app, "add_pipeline", add_little)
    monkeypatch.setattr(pipeline_app, "add_rule_packs", add_nothing)
    pipeline_app.main()
    assert (folder / CLI_VERSION).read_text() == f"{PINNED['aws-cdk']}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A prepared checkout in which `cdk synth` copies the folder `synthesized`."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    for name in ("requirements/development.txt", "requirements/uv.txt", "package-lock.json", "package.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    tools = tmp_path / "node_modules" / ".bin"
    tools.mkdir(parents=True)
    (tools / "cdk-assets").symlink_to(ROOT / "node_modules" / ".bin" / "cdk-assets")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "node").symlink_to(shutil.which("node", path=str(Path(sys.executable).parent)) or "node")
    (programs / "cdk").write_text("#!/bin/sh\nrm -rf cdk.out && cp -r synthesized cdk.out\n")
    (programs / "cdk").chmod(0o755)
    (tmp_path / ".venv" / ".ready").touch()
    (tmp_path / "node_modules" / ".ready").touch()
    (tmp_path / "synthesized").mkdir()
    return tmp_path


def make_assembly(checkout: Path) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "NODE_"))}
    return subprocess.run(
        ["make", "assembly"], cwd=checkout, env=inherited, capture_output=True, text=True, timeout=60, check=False
    )


def test_assembly_that_the_asset_publisher_can_read_is_made(checkout: Path, assembly: "CloudAssembly") -> None:
    shutil.copy(Path(assembly.directory, "yawl-delivery.assets.json"), checkout / "synthesized")
    done = make_assembly(checkout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_assembly_that_the_asset_publisher_cannot_read_stops_the_synthesis(checkout: Path) -> None:
    manifest = {"version": "9999.0.0"}
    (checkout / "synthesized" / "yawl-delivery.assets.json").write_text(json.dumps(manifest))
    done = make_assembly(checkout)
    assert done.returncode == 2
    assert "synth: the pinned cdk-assets cannot read what the pinned aws-cdk-lib writes" in done.stderr


def test_assembly_without_asset_manifests_stops_the_synthesis(checkout: Path) -> None:
    assert make_assembly(checkout).returncode == 2
