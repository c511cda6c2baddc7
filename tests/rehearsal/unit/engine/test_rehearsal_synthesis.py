"""Synthesis tries the CDK CLIs one after the other, and says why it failed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.emulator_setup import SetupFailed
from rehearsal.errors import NOT_EMULATED
from rehearsal.process.cdk_cli import CdkCli, CliChoice
from rehearsal.process.processes import Processes
from rehearsal.project import discovery
from rehearsal.project.repository import Repository
from rehearsal.project.synthesis import Synthesis


def write_cli(folder: Path, script: str) -> CdkCli:
    folder.mkdir()
    program = folder / "cdk"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return CdkCli(program, folder.name)


def synthesis_of(tmp_path: Path, *clis: CdkCli, packages: str = "") -> tuple[CliChoice, Callable[[], list[str]]]:
    """Return the choice of CLIs, and what synthesizes a small project with them and returns the output."""
    source, run = tmp_path / "source", tmp_path / "run"
    source.mkdir()
    run.mkdir()
    (source / "cdk.json").write_text('{"app": "true"}')
    if packages:
        (source / packages).mkdir()
    repository = Repository.of_folder(source, tmp_path / "repository.git")
    commit = repository.commit("HEAD", option="--ref").id
    choice = CliChoice(iter(clis))
    project = discovery.find(repository, commit, source)
    synthesis = Synthesis(
        choice, Cloud("http://localhost:9"), Processes(), run, AwsEnvironment("111111111111", "us-east-1")
    )

    def synthesize() -> list[str]:
        lines: list[str] = []
        assert synthesis.run(project, commit, lines.append, lambda _: None).assembly.name == "cdk.out"
        return lines

    return choice, synthesize


def test_cli_that_cannot_read_the_assembly_is_replaced_for_good(tmp_path: Path) -> None:
    old = write_cli(tmp_path / "old", "echo not compatible; echo '(Cloud assembly schema version mismatch: …)'; exit 1")
    new = write_cli(tmp_path / "new", "echo synthesized")
    clis, synthesize = synthesis_of(tmp_path, old, new)
    assert synthesize()[-1] == "synthesized"
    assert clis.current() == new


@pytest.mark.parametrize("cause", ["No such file", f"ClientError: {NOT_EMULATED}: codecommit"])
def test_app_that_needs_what_the_emulator_lacks_is_a_gap(tmp_path: Path, cause: str) -> None:
    _, synthesize = synthesis_of(tmp_path, write_cli(tmp_path / "cli", f'echo "{cause}"; echo "error: last"; exit 1'))
    with pytest.raises(SetupFailed, match="cdk synth failed with exit status 1") as failure:
        synthesize()
    assert failure.value.is_gap == (NOT_EMULATED in cause)
    assert ("; to rehearse the rest, commit the answer" in str(failure.value)) == failure.value.is_gap


def test_lookup_that_the_emulator_lacks_is_a_gap(tmp_path: Path) -> None:
    missing = '{"missing": [{"key": "one", "provider": "load-balancer", "props": {}}]}'
    says = "echo Context lookups have been disabled"
    # The last argument is the assembly.
    cli = write_cli(
        tmp_path / "cli",
        f"""for last; do :; done; mkdir -p "$last"; echo '{missing}' > "$last/manifest.json"; {says}; exit 1""",
    )
    _, synthesize = synthesis_of(tmp_path, cli)
    with pytest.raises(SetupFailed, match="no lookup of kind load-balancer in the emulator; record it") as failure:
        synthesize()
    assert failure.value.is_gap


PYTHON_LACKS = "ModuleNotFoundError: No module named 'aws_cdk'"
NODE_LACKS = "Error: Cannot find module 'aws-cdk-lib'"
ACTIVATE = "; activate the project's virtual environment first: . .venv/bin/activate"
INSTALL = "; install the app's packages, as for `cdk synth`, and start the rehearsal in their environment"


@pytest.mark.parametrize(
    ("packages", "error", "advice"),
    [
        (".venv", PYTHON_LACKS, ACTIVATE),
        ("node_modules", PYTHON_LACKS, INSTALL),
        (".venv", NODE_LACKS, INSTALL),
        (".venv", "KeyError: 'account'", ""),
    ],
)
def test_advice_if_the_app_lacks_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packages: str, error: str, advice: str
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "tool"))
    cli = write_cli(tmp_path / "cli", f"""echo "{error}"; exit 1""")
    _, synthesize = synthesis_of(tmp_path, cli, packages=packages)
    with pytest.raises(SetupFailed) as failure:
        synthesize()
    assert str(failure.value).endswith(f"{error}{advice}")
