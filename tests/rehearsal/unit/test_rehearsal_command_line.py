"""`python -m rehearsal` names bad input in one line, with exit code 2 and no traceback; gates answer as told."""

import contextlib
import io
import json
import os
import signal
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from typing_extensions import override

from rehearsal.__main__ import main
from rehearsal.actions.run import (
    ActionFailed,
    ActionNotEmulated,
    ActionNotRehearsed,
    Outcome,
    Rejected,
    Run,
    Unanswered,
)
from rehearsal.assembly import Assembly
from rehearsal.engine.approvals import PresetApprover, TerminalApprover
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.definition import Definition, parse
from rehearsal.engine.execution import ACTION_RUNNERS
from rehearsal.gaps import NOTHING_BEHIND, GapKind
from rehearsal.process.output_directory import output_directory
from rehearsal.rehearsal import uninterrupted
from rehearsal.report.permissions import Permissions, empty_permissions_report
from tests.rehearsal.unit.rehearsal_fakes import OnePipeline, action, pipeline, stage


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path, None, None]:
    """A repository with one commit and an assembly, which is the current folder."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=First"]):
        subprocess.run([*git, *command], check=True)
    assembly = tmp_path / "cdk.out"
    assembly.mkdir()
    delivery = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/us-east-1",
        "properties": {"templateFile": "delivery.json"},
    }
    (assembly / "manifest.json").write_text(json.dumps({"artifacts": {"delivery": delivery}}))
    fake = {"Category": "Build", "Provider": "Fake"}
    actions = [{"Name": name, "ActionTypeId": fake} for name in ("Deploy", "Test")]
    stages = [{"Name": "Dev", "Actions": actions}]
    found = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": stages}}
    (assembly / "delivery.json").write_text(json.dumps({"Resources": {"P": found}}))
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


class ReadySetUp:
    """A set-up that has nothing to do."""

    def __init__(self, *_: object, **_options: object) -> None:
        self._pipeline = pipeline(stage("Dev", action("Deploy"), action("Test")))

    def start_emulator(self) -> Cloud:
        return OnePipeline(self._pipeline)

    def prepare(self, cloud: Cloud, assembly: Assembly) -> Definition:  # noqa: ARG002 - the real one's
        return parse(self._pipeline, assembly.home.region)


def test_missing_assembly_says_what_to_do(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--assembly", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("cdk-rehearsal: nowhere/manifest.json does not exist; synthesize first: ")
    assert not (repository / ".rehearsal").exists()


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("option", ["--json", "--html"])
def test_unwritable_file_is_reported_at_once(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--assembly", "cdk.out", option, str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"cdk-rehearsal: cannot write {tmp_path}: Is a directory\n"


def test_uncommitted_changes_are_reported(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    (repository / "settings.toml").touch()
    main(["--assembly", "cdk.out", "--approve", "yes"])
    output = capsys.readouterr().out
    assert "2 uncommitted change(s): cdk.out/, settings.toml; if the assembly has them, the pipeline starts" in output


@pytest.mark.usefixtures("repository")
def test_unknown_ref_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--assembly", "cdk.out", "--ref", "no-such-branch"]) == 2
    expected = "cdk-rehearsal: --ref no-such-branch: no such commit here; name a branch, tag or commit\n"
    assert capsys.readouterr().err == expected


def test_unknown_action_is_reported_with_the_known_ones(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At once: nothing has been set up."""
    assert main(["--assembly", "cdk.out", "--fail", "Dev/Nothing", "--approve", "yes"]) == 2
    expected = "cdk-rehearsal: --fail Dev/Nothing: the pipeline has no such action; choose from: Dev/Deploy, Dev/Test\n"
    assert capsys.readouterr().err == expected
    assert not (repository / ".rehearsal").exists()


def test_without_a_repository_the_next_step_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main(["--check"]) == 2
    output = capsys.readouterr().err
    assert output.startswith(f"cdk-rehearsal: no git repository can be read in {tmp_path} (not a git repository")
    assert "to rehearse a folder without git: --source FOLDER" in output
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert main(["--check"]) == 2
    assert capsys.readouterr().err == (
        "cdk-rehearsal: the repository has no commit yet, and a rehearsal delivers one; commit\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--check"]) == 2
    assert "git is not installed" in capsys.readouterr().err


def test_options_and_commits_can_be_checked_before_the_synthesis(repository: Path) -> None:
    assert main(["--check", "--assembly", "nowhere"]) == 0
    assert main(["--check", "--from", "no-such-branch"]) == 2
    assert not (repository / ".rehearsal").exists()


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("works", [True, False])
def test_what_is_weaker_without_network_namespaces_is_said_first(
    works: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS, and in some containers."""
    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    monkeypatch.setattr("rehearsal.process.closed_network.works", lambda: works)
    main(["--assembly", "cdk.out", "--approve", "yes"])
    output = capsys.readouterr().out
    assert ("weaker     programs that ignore proxies" in output) is not works


def test_rehearsals_at_the_same_time_do_not_share_their_files(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    with output_directory(Path(".rehearsal")):
        main(["--assembly", "cdk.out", "--approve", "yes", "--report", ".rehearsal"])
        output = capsys.readouterr().out
        assert "another rehearsal writes to .rehearsal; this one writes to .rehearsal/2" in output
        assert "report: .rehearsal/2/report.html" in output
        assert (repository / ".rehearsal/2/logs/Dev-Deploy.log").parent.is_dir()
    main(["--assembly", "cdk.out", "--approve", "yes", "--report", ".rehearsal"])
    assert "report: .rehearsal/report.html" in capsys.readouterr().out
    with output_directory(Path("own")):
        assert main(["--assembly", "cdk.out", "--approve", "yes", "--logs", "own"]) == 2
    expected = "cdk-rehearsal: --logs own: another rehearsal is writing its logs there; name another folder\n"
    assert capsys.readouterr().err == expected


MISTYPED = {
    ("--clock", "tomorrow"): "argument --clock: 'tomorrow' is not a time such as 2026-11-24T03:00+01:00",
    ("--clock", "0001-01-01T00:00"): "argument --clock: '0001-01-01T00:00' is not a time",
    ("--fail", "IntegrationTests"): "argument --fail: 'IntegrationTests' is not of the form STAGE/ACTION",
    ("--accept", "everything"): "argument --accept: 'everything' is not one of action, custom-resource, docker",
    ("--set", "BAKE_MINUTES"): "argument --set: 'BAKE_MINUTES' is not of the form NAME=VALUE",
}


@pytest.mark.parametrize("arguments", MISTYPED)
def test_mistyped_value_is_refused_with_an_example(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    with pytest.raises(SystemExit) as ended:
        main(["--check", *arguments])
    assert ended.value.code == 2
    assert MISTYPED[arguments] in capsys.readouterr().err


NO_DOCKER = ActionNotRehearsed(GapKind.DOCKER, "no Docker here")
VERDICTS: dict[str, tuple[Exception | None, tuple[str, ...], int, str]] = {
    "passed": (None, (), 0, "passed"),
    "failed": (ActionFailed("no way"), (), 1, "failed"),
    "stopped": (Unanswered("nobody"), (), 3, "stopped"),
    "rejected": (Rejected("no"), (), 3, "rejected"),
    "something was not rehearsed": (NO_DOCKER, (), 4, "not rehearsed"),
    "which is accepted": (NO_DOCKER, ("docker",), 0, "passed"),
    "which another kind does not accept": (NO_DOCKER, ("action", "given"), 4, "not rehearsed"),
    "the emulator has a gap": (ActionNotEmulated("no such call"), (), 4, "not rehearsed"),
    "at which it ended all the same": (ActionNotEmulated("no such call"), ("emulator",), 4, "not rehearsed"),
    "a failure is no gap": (ActionFailed("no way"), tuple(GapKind), 1, "failed"),
}


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("case", VERDICTS)
def test_verdict_is_in_the_exit_code_and_the_reports(
    case: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reports are written in any case."""
    error, accepted, code, verdict = VERDICTS[case]

    def execute(_: Run) -> Outcome:
        if error:
            raise error
        return Outcome()

    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    monkeypatch.setitem(ACTION_RUNNERS, ("Build", "Fake"), execute)
    options = [part for kind in accepted for part in ("--accept", kind)]
    assert (
        main(["--assembly", "cdk.out", "--approve", "yes", "--json", "report.json", "--report", ".rehearsal", *options])
        == code
    )
    output, document = capsys.readouterr().out, json.loads(Path("report.json").read_text())
    assert document["verdict"] == verdict
    assert f"rehearsal {verdict} after" in output
    assert f"Rehearsal {verdict}:" in Path(".rehearsal/report.html").read_text()
    for line in [*document["proves"], *document["does_not_prove"]]:
        assert line in output
        assert line in Path(".rehearsal/report.html").read_text()


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("reads", [True, False])
def test_interrupted_rehearsal_reports_the_calls_before_it(
    reads: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = {**empty_permissions_report(Permissions.ENFORCED), "evaluated": 7}
    answers = [summary] if reads else []
    facts: dict[str, object] = {
        "functions": {"idle": True, "failures": [], "differences": {"nodejs22.x ran with Node 24.1.0": ["a", "b"]}},
        "unserved": {"gaps": [{"kind": "workload", "where": "load balancer web", "reason": "nothing"}]},
        "messages": [],
        "refused": [],
        "recorded_types": ["AWS::Some::Type"],
    }

    def execute(_: Run) -> Outcome:
        # As the main thread does while actions run in parallel.
        raise KeyboardInterrupt

    def fact(_: Cloud, what: str) -> object:
        return facts[what]

    def read(_: Cloud) -> object:
        return facts

    def answer(_: Cloud) -> object:
        if not answers:
            raise ConnectionResetError
        return answers.pop()

    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    monkeypatch.setattr(OnePipeline, "fact", fact)
    monkeypatch.setattr(OnePipeline, "facts", read)
    monkeypatch.setattr(OnePipeline, "permission_summary", answer)
    monkeypatch.setitem(ACTION_RUNNERS, ("Build", "Fake"), execute)
    assert main(["--assembly", "cdk.out", "--approve", "yes"]) == 3
    output = capsys.readouterr().out
    assert ("permissions: 7 calls evaluated, 0 refused" in output) == reads
    assert ("permissions: no call was evaluated" in output) != reads
    assert "do nothing: AWS::Some::Type" in output
    assert "Functions in their own runtime: nodejs22.x ran with Node 24.1.0: a, b" in output
    assert output.count("load balancer web: nothing (workload)") == 1
    assert output.endswith("interrupted\n")


@pytest.mark.usefixtures("repository")
def test_gaps_are_listed_whether_accepted_or_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    main(["--assembly", "cdk.out", "--approve", "yes", "--json", "report.json", "--accept", "action"])
    document = json.loads(Path("report.json").read_text())
    reason = "Build actions of Fake are not rehearsed"
    # They run in parallel.
    assert sorted(document["gaps"], key=lambda gap: gap["where"]) == [
        {"kind": "action", "where": where, "reason": reason, "is_minor": False, "accepted": True}
        for where in ("Dev/Deploy", "Dev/Test")
    ]
    output = capsys.readouterr().out
    assert output.index(f"cannot     Dev/Test: {reason} (action)") < output.index("stage Dev"), "before it starts"
    assert f"Dev/Test: {reason} (action), accepted" in output


def test_what_will_not_answer_or_run_is_said_first(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = repository / "cdk.out/delivery.json"
    template = json.loads(file.read_text())
    action = {"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}
    balancing = "AWS::ElasticLoadBalancingV2"
    template["Resources"] |= {
        "Web": {"Type": f"{balancing}::LoadBalancer"},
        "Group": {"Type": f"{balancing}::TargetGroup"},
        "L": {
            "Type": f"{balancing}::Listener",
            "Properties": {"LoadBalancerArn": {"Ref": "Web"}, "DefaultActions": [action]},
        },
        "Code": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "java21"}},
    }
    file.write_text(json.dumps(template))
    monkeypatch.setattr("rehearsal.rehearsal.EmulatorSetup", ReadySetUp)
    main(["--assembly", "cdk.out", "--approve", "yes"])
    output = capsys.readouterr().out
    where = "in 111111111111/us-east-1"
    for line in (
        f"load balancer delivery/Web {where}: {NOTHING_BEHIND}",
        f"function delivery/Code {where}: it needs the",
    ):
        assert 0 < output.find(f"cannot     {line}") < output.index("stage Dev")


@pytest.mark.parametrize("arguments", [["--approve", "maybe"], ["--account", "old"], ["--no-such-option"]])
def test_options_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("answer", [True, False])
def test_scripted_approval(answer: bool) -> None:
    assert PresetApprover(answer=answer).ask("Prod/Approve", "Really?") is answer


class Terminal(io.StringIO):
    """A terminal at which somebody has typed."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal() -> tuple[TerminalApprover, list[str]]:
    shown: list[str] = []

    @contextlib.contextmanager
    def pause() -> Generator[Callable[[str], None], None, None]:
        yield shown.append

    return TerminalApprover(pause), shown


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("yeah\n", False)]
)
def test_approval_needs_yes_at_the_terminal(
    terminal: tuple[TerminalApprover, list[str]], monkeypatch: pytest.MonkeyPatch, typed: str, answer: bool
) -> None:
    approver, shown = terminal
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert approver.ask("Prod/Approve", "The diff is small.") is answer
    assert "Prod/Approve" in shown[0]
    assert "The diff is small." in shown[0]


@pytest.mark.parametrize("stdin", [io.StringIO("y\n"), Terminal("")])
def test_unanswered_approval_says_what_to_do(
    terminal: tuple[TerminalApprover, list[str]], monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(Unanswered, match="run again with --approve yes or --approve no"):
        terminal[0].ask("Prod/Approve", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_cleanup_is_not_interrupted(number: signal.Signals) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        with uninterrupted():
            os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    finally:
        signal.signal(number, before)
