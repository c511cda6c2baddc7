"""Synthesis tries the CDK CLIs one after the other."""

from pathlib import Path

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
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


def test_cli_that_cannot_read_the_assembly_is_replaced_for_good(tmp_path: Path) -> None:
    source, run = tmp_path / "source", tmp_path / "run"
    source.mkdir()
    run.mkdir()
    (source / "cdk.json").write_text('{"app": "true"}')
    repository = Repository.of_folder(source, tmp_path / "repository.git")
    commit = repository.commit("HEAD", option="--ref").id
    old = write_cli(tmp_path / "old", "echo not compatible; echo '(Cloud assembly schema version mismatch: …)'; exit 1")
    new = write_cli(tmp_path / "new", "echo synthesized")
    clis = CliChoice(iter([old, new]))
    project = discovery.find(repository, commit, source)
    synthesis = Synthesis(
        clis, Cloud("http://localhost:9"), Processes(), run, AwsEnvironment("111111111111", "us-east-1")
    )
    lines: list[str] = []
    assert synthesis.run(project, commit, lines.append, lambda _: None).assembly.name == "cdk.out"
    assert lines[-1] == "synthesized"
    assert clis.current() == new
