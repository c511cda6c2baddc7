"""What a terminal of 80 columns shows of a running rehearsal, and for how much longer."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from rehearsal.engine.definition import parse
from rehearsal.report import remaining_time
from rehearsal.report.environments import Environment
from rehearsal.report.progress import Progress, Result, Status
from rehearsal.report.screen import Screen
from rehearsal.report.tool_noise import without_noise
from tests.rehearsal.unit.rehearsal_fakes import HOME, action, pipeline, stage

NOISE = [
    "$ cdk bootstrap aws://111111111111/us-east-1",
    "-- phase build",
    "phase build failed with exit status 2",
    '{"port": 38425}',
    "2026-11-30 11:25:25 INFO ready",
    "arn:aws:cloudformation:us-east-1:111111111111:stack/x",
    "make[1]: Entering directory",
    "npm warn deprecated inflight@1.0.6",
    "Execution policies: arn:aws:iam::aws:policy/AdministratorAccess",
    "Supply a stack id (yawl-delivery) to display its template.",
    "yawl-delivery",
    " WARN PYTHONPATH environment variable is ignored",
    "",
]
TOLD = {
    "\x1b[32m ⏳  Bootstrapping environment aws://1/us-east-1\x1b[0m": "Bootstrapping environment aws://1/us-east-1",
    "yawl-delivery |  44/105 | 11:26:01 AM | CREATE_COMPLETE | AWS::IAM::Role | Role": "44/105 IAM::Role",
    "........................ [ 12%]": "tests: 12 %",
    "setup: installing aws-cdk 2.1148.1 with Node v24": "setup: installing aws-cdk 2.1148.1 with Node v24",
}


@pytest.mark.parametrize("line", NOISE)
def test_what_a_tool_says_of_itself_is_not_shown(line: str) -> None:
    assert without_noise(line) == ""


@pytest.mark.parametrize("line", TOLD)
def test_what_it_does_is_shown(line: str) -> None:
    assert without_noise(line) == TOLD[line]


@pytest.fixture
def progress(tmp_path: Path, clock: Callable[[float], None]) -> Progress:
    """A delivery of two stages that has not begun."""
    clock(100)
    found = Progress(tmp_path, lambda _: None)
    actions = [action("Synth"), action("Deploy"), action("Test", run_order=2)]
    found.begin(parse(pipeline(stage("Build", actions[0]), stage("Dev", *actions[1:])), HOME.region))
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_to(seconds: float) -> None:
        monkeypatch.setattr("time.monotonic", lambda: seconds)

    return set_to


EARLIER = {"Build/Synth": 40.0, "Dev/Deploy": 10.0, "Dev/Test": 20.0}


def left(progress: Progress) -> float:
    return remaining_time.remaining_seconds(progress, EARLIER)


def test_remaining_time_follows_from_the_last_rehearsal(progress: Progress, clock: Callable[[float], None]) -> None:
    assert left(progress) == 70
    synth, deploy = progress.action("Build", "Synth"), progress.action("Dev", "Deploy")
    progress.start(synth)
    clock(110)
    assert left(progress) == 60
    clock(180)
    progress.end(synth, Status.SUCCEEDED)
    progress.set_stage(progress.stages[0], Status.SUCCEEDED)
    assert left(progress) == 60, "this machine takes twice as long today"
    progress.start(deploy)
    clock(300)
    assert left(progress) == 80, "it is even slower: an action runs longer than expected"


def test_time_of_a_second_delivery_is_included(progress: Progress) -> None:
    progress.deliveries = ("one", "two")
    assert left(progress) == 140
    progress.delivery = 2
    assert left(progress) == 70


def test_durations_are_kept_for_the_next_rehearsal(
    progress: Progress, clock: Callable[[float], None], tmp_path: Path
) -> None:
    assert remaining_time.read(tmp_path) == {}
    progress.start(progress.action("Build", "Synth"))
    clock(107.5)
    progress.end(progress.action("Build", "Synth"), Status.SUCCEEDED)
    remaining_time.write(tmp_path, progress)
    assert remaining_time.read(tmp_path) == {"Build/Synth": 7.5}
    (tmp_path / remaining_time.FILE).write_text("[1")
    assert remaining_time.read(tmp_path) == {}


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "a few seconds"), (34, "30 s"), (94, "90 s"), (95, "2 min"), (200, "3 min")]
)
def test_remaining_time_is_rounded(seconds: float, words: str) -> None:
    assert remaining_time.in_words(seconds) == words


def shown(progress: Progress, *, width: int = 80) -> list[str]:
    """The live view's last picture."""
    file = io.StringIO()
    screen = Screen(Console(file=file, force_terminal=True, width=width, color_system=None))
    screen.earlier_durations = EARLIER
    with screen.showing(progress), screen.paused():
        pass
    return file.getvalue().splitlines()


def test_view_says_which_delivery_it_is_and_how_long_it_takes(progress: Progress) -> None:
    progress.deliveries = ("0123456789ab “One”", "ba9876543210 “Two”")
    view = shown(progress)
    assert any("delivery 1 of 2: 0123456789ab “One”" in line for line in view)
    assert any("about 2 min left" in line for line in view)


@pytest.mark.parametrize("planned", [(), ("0123456789ab “One”", "ba9876543210 “Two”")])
def test_delivery_that_a_command_started_is_named(progress: Progress, planned: tuple[str, ...]) -> None:
    progress.deliveries = planned
    for _ in planned[1:]:
        progress.begin_release()
    progress.begin_release("c0ffee012345 with HOTFIX=yes")
    number = len(planned or ("alone",)) + 1
    output = f"delivery {number} of {number}: c0ffee012345 with HOTFIX=yes"
    assert any(output in line for line in shown(progress))
    file = io.StringIO()
    screen = Screen(Console(file=file, force_terminal=False, width=80))
    with screen.showing(progress):
        progress.stages[0].status = Status.RUNNING
        screen.on_change(progress.stages[0])
    assert output in file.getvalue()


def test_environments_are_aligned_whatever_their_names(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    def deployed(_: Progress) -> list[Environment]:
        return [Environment(name, HOME) for name in ("Dev", "StagingStage")]

    monkeypatch.setattr("rehearsal.report.screen.environments", deployed)
    progress.finish(Result.SUCCEEDED)
    file = io.StringIO()
    Screen(Console(file=file, width=80)).summary(progress)
    shown = [line for line in file.getvalue().splitlines() if "no URL" in line]
    assert shown == [f"Dev           {HOME}  no URL", f"StagingStage  {HOME}  no URL"]


def test_long_reason_is_wrapped_at_words_on_a_terminal_and_whole_elsewhere(progress: Progress) -> None:
    reason = "Dev/Deploy: " + " ".join(["permission"] * 20)
    progress.finish(Result.FAILED, reason)
    for terminal, lines in ((True, 3), (False, 1)):
        file = io.StringIO()
        Screen(Console(file=file, force_terminal=terminal, width=80, color_system=None)).summary(progress)
        output = file.getvalue().partition("Dev/Deploy:")[2].splitlines()
        assert len(output) == lines
        assert {word for line in output for word in line.split()} == {"permission"}
