"""What a rehearsal proves, and what it does not: one line each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import ActionFailed, ActionNotRehearsed, Deployed, Outcome, Run
from rehearsal.engine.action_details import CaseOutcome, CaseResult
from rehearsal.gaps import Gap, GapKind
from rehearsal.report.progress import Progress, Result, Verdict
from rehearsal.report.verdict import EMULATED, does_not_prove, proves
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, pipeline, stage

PROVIDERS = {"Synth": "CodeBuild", "Test": "CodeBuild", "Deploy": "CloudFormation"}


def report_tests(run: Run) -> None:
    outcomes = (CaseOutcome.PASSED, CaseOutcome.PASSED, CaseOutcome.SKIPPED)
    run.details.tests += [CaseResult("suite", "test", 0.1, outcome) for outcome in outcomes]


def raises(error: Exception) -> Callable[[Run], None]:
    def behave(_: Run) -> None:
        raise error

    return behave


def ended(tmp_path: Path, **behaviours: Callable[[Run], Outcome | None]) -> Progress:
    """A rehearsal of a build, an image, a deployment and its test."""
    environment = AwsEnvironment("222222222222", "eu-west-1")
    deployed = Outcome(deployed=Deployed("dev-network", environment, {}))
    document = pipeline(
        stage("Build", action("Synth"), action("Image", run_order=2)),
        stage("Dev", action("Deploy"), action("Test", run_order=2)),
    )
    execution = FakeExecution(document, tmp_path, {"Deploy": lambda _: deployed, "Test": report_tests, **behaviours})
    result, reason = execution.run()
    progress = execution.progress
    for found in (one for each in progress.stages for one in each.actions):
        found.provider = PROVIDERS.get(found.name, "Other")
    progress.finish(result, reason)
    progress.permissions = permissions()
    return progress


def permissions(**changed: Any) -> dict[str, Any]:
    return {"mode": "enforced", "evaluated": 1200, "refused": [], "unchecked": [], **changed}


def test_what_succeeded_is_proved(tmp_path: Path) -> None:
    progress = ended(tmp_path)
    assert progress.verdict is Verdict.PASSED
    assert proves(progress) == [
        "2 builds succeeded: Build/Synth, Dev/Test",
        "1 stack deployed: dev-network in 222222222222/eu-west-1",
        "Other actions that succeeded: Build/Image",
        "2 tests passed in the builds",
        "The deployed policies allow the 1,200 calls that were made",
    ]
    assert does_not_prove(progress) == [EMULATED]


def test_gap_is_not_proved(tmp_path: Path) -> None:
    progress = ended(tmp_path, Image=raises(ActionNotRehearsed(GapKind.DOCKER, "no Docker")))
    assert progress.verdict is Verdict.NOT_REHEARSED
    assert does_not_prove(progress) == ["Build/Image: no Docker (docker)", EMULATED]
    progress.accepted = frozenset({GapKind.DOCKER})
    assert progress.verdict is Verdict.PASSED
    assert does_not_prove(progress)[0] == "Build/Image: no Docker (docker), accepted"


def test_minor_gap_is_listed_without_changing_the_verdict(tmp_path: Path) -> None:
    progress = ended(tmp_path)
    progress.add_gap(Gap(GapKind.GIVEN, "Source", "a token", is_minor=True))
    assert progress.verdict is Verdict.PASSED
    assert does_not_prove(progress) == ["Source: a token (given)", EMULATED]


def test_what_was_not_reached_is_not_proved(tmp_path: Path) -> None:
    progress = ended(tmp_path, Image=raises(ActionFailed("broken")))
    assert progress.verdict is Verdict.FAILED
    assert does_not_prove(progress)[0] == "Actions that were not reached: Dev/Deploy, Dev/Test"
    assert proves(progress)[0] == "1 build succeeded: Build/Synth"


def test_failure_after_a_gap_may_come_from_it(tmp_path: Path) -> None:
    no_docker = ActionNotRehearsed(GapKind.DOCKER, "no Docker")
    progress = ended(tmp_path, Image=raises(no_docker), Test=raises(ActionFailed("broken")))
    assert progress.verdict is Verdict.FAILED
    assert "That the release is why it failed: Build/Image was not rehearsed" in does_not_prove(progress)


def test_refused_or_unchecked_calls_prove_nothing(tmp_path: Path) -> None:
    progress = ended(tmp_path)
    allowed = "The deployed policies allow the 1,200 calls that were made"
    cases: list[dict[str, Any]] = [{"refused": [{}]}, {"mode": "off"}, {"evaluated": 0}]
    for changed in cases:
        progress.permissions = permissions(**changed)
        assert allowed not in proves(progress)
    progress.permissions = permissions(mode="report", refused=[{}, {}])
    assert "Permissions: AWS refuses 2 calls made here (--permissions report)" in does_not_prove(progress)
    progress.permissions = permissions(mode="off")
    assert "Permissions: they were not checked" in does_not_prove(progress)
    progress.permissions = permissions(unchecked=[{}, {}])
    assert "Permissions: 2 calls not checked" in does_not_prove(progress)


def test_resources_that_do_nothing_prove_nothing(tmp_path: Path) -> None:
    progress = ended(tmp_path)
    progress.recorded_types = [f"AWS::Some::Type{number}" for number in range(8)]
    [line, _] = does_not_prove(progress)
    assert line.startswith("Resources that were recorded and do nothing: AWS::Some::Type0, ")
    assert line.endswith(" and 2 more")


def test_rehearsal_without_an_end_was_stopped(tmp_path: Path) -> None:
    progress = Progress(tmp_path, lambda _: None)
    assert progress.verdict is Verdict.STOPPED
    progress.finish(Result.SUCCEEDED)
    assert progress.verdict is Verdict.PASSED
