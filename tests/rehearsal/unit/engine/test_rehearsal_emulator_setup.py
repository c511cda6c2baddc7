"""What the set-up does when something fails, and which accounts it bootstraps."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.assembly import Assembly
from rehearsal.bootstraps import Bootstrap
from rehearsal.engine import emulator_setup
from rehearsal.engine.emulator_setup import EmulatorSetup, SetupFailed
from rehearsal.errors import RehearsalError
from rehearsal.process.cdk_cli import CdkCli, CliChoice, candidates
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress, Status
from tests.rehearsal.unit.rehearsal_fakes import HOME, OnePipeline, pipeline

NEW = AwsEnvironment("555555555555", "eu-west-1")


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "logs", lambda _: None)


@pytest.fixture
def set_up(progress: Progress, tmp_path: Path) -> EmulatorSetup:
    """A set-up whose only CLI is the file `cdk` of the test."""
    return EmulatorSetup(
        progress, Processes(), tmp_path, clis=CliChoice(iter([CdkCli(tmp_path / "cdk", "of the test")]))
    )


def assembly(directory: Path, *further: AwsEnvironment) -> Assembly:
    return Assembly(directory, "delivery", "delivery", HOME, tuple(map(Bootstrap, (HOME, *further))))


def write_cdk(directory: Path, script: str) -> None:
    cdk = directory / "cdk"
    cdk.write_text(f"#!/bin/sh\n{script}\n")
    cdk.chmod(0o755)


def test_missing_cdk_says_what_to_do(progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    set_up = EmulatorSetup(progress, Processes(), tmp_path, clis=CliChoice(candidates(tmp_path, Processes())))
    with pytest.raises(RehearsalError, match=r"cannot find a CDK CLI \(cdk\), nor npm to install one"):
        set_up.prepare(OnePipeline(pipeline()), assembly(tmp_path))


def test_emulator_start_failure_is_a_failed_step(
    set_up: EmulatorSetup, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(SetupFailed, match="the emulator exited with status 1"):
        set_up.start_emulator()
    [step] = progress.set_up.actions
    assert (step.name, step.status) == ("emulated AWS", Status.FAILED)


def test_interruption_fails_no_step(tmp_path: Path, progress: Progress) -> None:
    """An interruption ends the emulator too, so that the calls to it fail."""
    processes = Processes()
    set_up = EmulatorSetup(progress, processes, tmp_path, clis=CliChoice(iter([CdkCli(tmp_path / "cdk", "any")])))

    def work(_: object) -> None:
        processes.end_all()
        raise ConnectionResetError("by peer")

    with pytest.raises(ConnectionResetError):
        set_up._step("bootstrap", "cdk", work)
    [step] = progress.set_up.actions
    assert (step.status, step.reason) == (Status.STOPPED, "another step failed, or the rehearsal was stopped")


def test_emulator_that_never_listens_is_ended(
    set_up: EmulatorSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cdk(tmp_path, "exec sleep 600")
    monkeypatch.setattr("sys.executable", str(tmp_path / "cdk"))
    monkeypatch.setattr(emulator_setup, "START_SECONDS", 0.2)
    with pytest.raises(SetupFailed, match="the emulator was not ready within 0 s"):
        set_up.start_emulator()


def test_failing_command_is_reported_with_its_exit_status(
    set_up: EmulatorSetup, progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cdk(tmp_path, "echo $0 $*; env; echo error: no such account >&2; exit 9")
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


def test_command_without_an_end_is_ended(
    set_up: EmulatorSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cdk(tmp_path, "exec sleep 600")
    monkeypatch.setattr(emulator_setup, "CDK_SECONDS", 0.2)
    with pytest.raises(SetupFailed, match="cdk bootstrap did not end within 0 s"):
        set_up.prepare(OnePipeline(pipeline()), assembly(tmp_path))


def test_failed_step_ends_the_others(set_up: EmulatorSetup, progress: Progress, tmp_path: Path) -> None:
    """The other accounts' bootstrap would take ten minutes; it tells when it has started."""
    started = tmp_path / "started"
    write_cdk(
        tmp_path,
        f"case $* in *--trust*) touch {started}; exec sleep 600;; esac\n"
        f"until [ -e {started} ]; do sleep 0.1; done; echo no such region; exit 1",
    )
    ended: list[str] = []

    def prepare() -> None:
        with pytest.raises(SetupFailed, match="no such region"):
            set_up.prepare(OnePipeline(pipeline()), assembly(tmp_path, NEW))
        ended.append("with the failure's reason")

    thread = threading.Thread(target=prepare)
    thread.start()
    thread.join(timeout=120)
    assert ended
    statuses = {step.name: step.status for step in progress.set_up.actions}
    assert statuses == {f"bootstrap {HOME.account}": Status.FAILED, f"bootstrap {NEW.account}": Status.STOPPED}


@pytest.mark.parametrize(("support", "first"), [((NEW.account,), "bootstrap"), ((HOME.account,), "deploy")])
def test_pipeline_with_a_support_stack_in_another_account_waits_for_its_bootstrap(
    set_up: EmulatorSetup, tmp_path: Path, support: tuple[str, ...], first: str
) -> None:
    """Of the bootstrap of the other account and the pipeline's deployment, the one that must come first ends first."""
    order, deployed = tmp_path / "order", tmp_path / "deployed"
    waits = f"until [ -e {deployed} ]; do sleep 0.1; done" if first == "deploy" else "sleep 1"
    write_cdk(
        tmp_path,
        f"case $* in *--trust*) {waits}; echo bootstrap >> {order};; esac\n"
        f"[ $1 = deploy ] || exit 0; echo deploy >> {order}; touch {deployed}; echo far enough; exit 1",
    )
    found = replace(assembly(tmp_path, NEW), support_accounts=support)
    with pytest.raises(SetupFailed, match="far enough"):
        set_up.prepare(OnePipeline(pipeline()), found)
    assert order.read_text().split()[0] == first


def test_cli_that_cannot_read_the_assembly_is_replaced(progress: Progress, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, answer in (
        (old, "echo incompatible; echo Cloud assembly schema version mismatch: found 99.0.0"),
        (new, "echo unreadable"),
    ):
        folder.mkdir()
        write_cdk(folder, f"[ $1 = deploy ] || exit 0; {answer}; exit 1")
    found = [CdkCli(old / "cdk", "the project's"), CdkCli(new / "cdk", "on the PATH")]
    set_up = EmulatorSetup(progress, Processes(), tmp_path, clis=CliChoice(iter(found)))
    with pytest.raises(SetupFailed, match="cdk deploy failed with exit status 1: unreadable"):
        set_up.prepare(OnePipeline(pipeline()), assembly(tmp_path))
    log = progress.set_up.actions[-1].log_file.read_text()
    assert log.index("(the project's): $ cdk deploy") < log.index("(on the PATH): $ cdk deploy")


def test_before_an_update_only_what_it_adds_is_bootstrapped(
    set_up: EmulatorSetup, progress: Progress, tmp_path: Path
) -> None:
    write_cdk(tmp_path, "")
    before, cloud = assembly(tmp_path), OnePipeline(pipeline())
    set_up.bootstrap_changes(cloud, before, before)
    assert progress.set_up.actions == []
    after = assembly(tmp_path, NEW, AwsEnvironment(HOME.account, NEW.region))
    set_up.bootstrap_changes(cloud, before, after)
    assert [step.name for step in progress.set_up.actions] == [f"bootstrap {HOME.account}", f"bootstrap {NEW.account}"]
    output = [step.log_file.read_text().splitlines()[0] for step in progress.set_up.actions]
    assert f"aws://{HOME.account}/{NEW.region}" in output[0]
    assert f"aws://{HOME.account}/{HOME.region}" not in output[0], "that one is bootstrapped already"
    assert f"--trust {HOME.account}" in output[1]


def test_further_qualifier_has_a_bootstrap_stack_of_its_own(
    set_up: EmulatorSetup, progress: Progress, tmp_path: Path
) -> None:
    write_cdk(tmp_path, "")
    own = replace(assembly(tmp_path), bootstraps=(Bootstrap(HOME, "payments"), Bootstrap(HOME), Bootstrap(NEW)))
    set_up.bootstrap_changes(OnePipeline(pipeline()), replace(own, bootstraps=()), own)
    output = [step.log_file.read_text().splitlines()[0] for step in progress.set_up.actions]
    assert [step.name for step in progress.set_up.actions] == [
        f"bootstrap {HOME.account}, qualifier payments",
        f"bootstrap {HOME.account}",
        f"bootstrap {NEW.account}",
    ]
    assert "--qualifier payments --toolkit-stack-name CDKToolkit-payments" in output[0]
    assert "--qualifier" not in output[1]
