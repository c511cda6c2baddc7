"""What the set-up says when this machine lacks something."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.assembly import Assembly
from rehearsal.engine.emulator_setup import EmulatorSetup, SetupFailed
from rehearsal.errors import RehearsalError
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress, Status
from tests.rehearsal.unit.rehearsal_fakes import HOME, OnePipeline, pipeline


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "logs", lambda _: None)


@pytest.fixture
def set_up(progress: Progress, tmp_path: Path) -> EmulatorSetup:
    return EmulatorSetup(progress, Processes(), tmp_path)


def assembly(directory: Path) -> Assembly:
    return Assembly(directory, "delivery", "delivery", HOME, (HOME,))


def test_missing_cdk_says_what_to_do(set_up: EmulatorSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RehearsalError, match="on the PATH; run the rehearsal with make rehearse"):
        set_up.prepare(OnePipeline(pipeline()), assembly(tmp_path))


def test_emulator_start_failure_is_a_failed_step(
    set_up: EmulatorSetup, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(SetupFailed, match="the emulator exited with status 1"):
        set_up.start_emulator()
    [step] = progress.set_up.actions
    assert (step.name, step.status) == ("emulated AWS", Status.FAILED)


def test_failing_command_is_reported_with_its_exit_status(
    set_up: EmulatorSetup, progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdk = tmp_path / "cdk"
    cdk.write_text("#!/bin/sh\necho $0 $*; env; echo error: no such account >&2; exit 9\n")
    cdk.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("CDK_PROFILE", "prod")
    with pytest.raises(SetupFailed, match="cdk bootstrap failed with exit status 9: error: no such account"):
        set_up.prepare(OnePipeline(pipeline()), assembly(tmp_path))
    [step] = progress.set_up.actions
    log = step.log_file.read_text()
    assert f"bootstrap aws://{HOME.account}/{HOME.region}" in log
    assert f"AWS_ACCESS_KEY_ID={HOME.account}\n" in log
    assert "prod" not in log
    home = next(line for line in log.splitlines() if line.startswith("HOME="))
    assert Path(home.removeprefix("HOME=")).is_relative_to(tmp_path)


NEW = AwsEnvironment("555555555555", "eu-west-1")


def test_before_an_update_only_what_it_adds_is_bootstrapped(
    set_up: EmulatorSetup, progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdk = tmp_path / "cdk"
    cdk.write_text("#!/bin/sh\n")
    cdk.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    before, cloud = assembly(tmp_path), OnePipeline(pipeline())
    set_up.bootstrap_changes(cloud, before, before)
    assert progress.set_up.actions == []
    after = replace(before, aws_environments=(HOME, NEW, AwsEnvironment(HOME.account, NEW.region)))
    set_up.bootstrap_changes(cloud, before, after)
    assert [step.name for step in progress.set_up.actions] == [f"bootstrap {HOME.account}", f"bootstrap {NEW.account}"]
    output = [step.log_file.read_text().splitlines()[0] for step in progress.set_up.actions]
    assert f"aws://{HOME.account}/{NEW.region}" in output[0]
    assert f"aws://{HOME.account}/{HOME.region}" not in output[0], "that one is bootstrapped already"
    assert f"--trust {HOME.account}" in output[1]
