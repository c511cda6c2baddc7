"""An execution goes through its stages as CodePipeline does; the actions here are fakes."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.run import (
    ActionFailed,
    ActionNotEmulated,
    ActionNotRehearsed,
    Outcome,
    Rejected,
    Run,
    Unanswered,
)
from rehearsal.engine.artifacts import ArtifactNotFound
from rehearsal.engine.execution import MAX_RESTARTS
from rehearsal.engine.history import History, RollbackUnavailable
from rehearsal.gaps import Gap, GapKind
from rehearsal.process.processes import Stopped
from rehearsal.report.progress import Result, Status
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, checks, pipeline, stage

Behaviour = Callable[[Run], Outcome | None]


def fails(reason: str = "broken", *, times: int = 1000) -> Behaviour:
    """Fail so many times, then succeed."""
    left = [ActionFailed(reason)] * times

    def behave(_: Run) -> None:
        if left:
            raise left.pop()

    return behave


def raises(error: Exception) -> Behaviour:
    def behave(_: Run) -> None:
        raise error

    return behave


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[..., FakeExecution]:
    def run(*stages: dict[str, Any], fail: frozenset[str] = frozenset(), **behaviours: Behaviour) -> FakeExecution:
        rehearsal = FakeExecution(pipeline(*stages), tmp_path, behaviours, fail)
        rehearsal.run()
        return rehearsal

    return run


def test_stages_and_run_orders_follow_each_other(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(
        stage("One", action("third", run_order=7), action("first"), action("second", run_order=2)),
        stage("Two", action("fourth", run_order=3)),
    )
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.begun == ["first", "second", "third", "fourth"]
    assert set(ran.stages.values()) == set(ran.statuses.values()) == {Status.SUCCEEDED}


def test_equal_run_orders_run_in_parallel(rehearse: Callable[..., FakeExecution]) -> None:
    # Each waits for the others: one after the other, none would get through.
    meet = threading.Barrier(3)

    def behave(_: Run) -> None:
        meet.wait(5)

    ran = rehearse(stage("One", action("a"), action("b"), action("c")), a=behave, b=behave, c=behave)
    assert ran.result == (Result.SUCCEEDED, "")


def test_failing_action_ends_after_its_group(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(
        stage("One", action("bad"), action("good"), action("later", run_order=2)),
        stage("Two", action("never")),
        bad=fails(),
    )
    assert ran.result == (Result.FAILED, "One/bad: broken")
    assert ran.statuses == {
        "bad": Status.FAILED,
        "good": Status.SUCCEEDED,
        "later": Status.WAITING,
        "never": Status.WAITING,
    }
    assert ran.stages == {"One": Status.FAILED, "Two": Status.WAITING}


ENDINGS = [
    (ActionFailed("broken"), Result.FAILED, Status.FAILED, "broken"),
    (ArtifactNotFound("no artifact"), Result.FAILED, Status.FAILED, "no artifact"),
    (KeyError("TemplatePath"), Result.FAILED, Status.FAILED, "KeyError: 'TemplatePath'"),
    (Rejected("no"), Result.REJECTED, Status.REJECTED, "no"),
    (Unanswered("nobody"), Result.STOPPED, Status.STOPPED, "nobody"),
    (Stopped(), Result.STOPPED, Status.STOPPED, "the rehearsal was stopped"),
]


@pytest.mark.parametrize(("error", "result", "status", "reason"), ENDINGS, ids=[row[3] for row in ENDINGS])
def test_action_result_is_execution_result(
    rehearse: Callable[..., FakeExecution], error: Exception, result: Result, status: Status, reason: str
) -> None:
    ran = rehearse(stage("One", action("a")), stage("Two", action("never")), a=raises(error))
    assert ran.result == (result, f"One/a: {reason}")
    assert ran.statuses == {"a": status, "never": Status.WAITING}


@pytest.mark.parametrize("error", [ConnectionResetError("by peer"), ActionFailed("no"), ActionNotEmulated("no event")])
def test_interruption_fails_no_action(rehearse: Callable[..., FakeExecution], error: Exception) -> None:
    """An interruption ends the emulator too, so that the calls to it fail."""

    def behave(run: Run) -> None:
        run.context.processes.end_all()
        raise error

    ran = rehearse(stage("One", action("a")), stage("Two", action("never")), a=behave)
    assert ran.result == (Result.STOPPED, "One/a: the rehearsal was stopped")
    assert ran.statuses["a"] is Status.STOPPED
    assert ran.progress.gaps == []


NO_DOCKER = ActionNotRehearsed(GapKind.DOCKER, "no Docker here")


def test_execution_goes_on_after_an_action_that_is_not_rehearsed(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("a"), action("b", run_order=2)), stage("Two", action("c")), a=raises(NO_DOCKER))
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.statuses == {"a": Status.NOT_REHEARSED, "b": Status.SUCCEEDED, "c": Status.SUCCEEDED}
    assert ran.progress.gaps == [Gap(GapKind.DOCKER, "One/a", "no Docker here")]


def test_execution_ends_where_an_artifact_is_missing(rehearse: Callable[..., FakeExecution]) -> None:
    building, deploying = action("a"), action("c")
    building["outputArtifacts"] = deploying["inputArtifacts"] = [{"name": "Built"}]
    ran = rehearse(stage("One", building, action("b", run_order=2)), stage("Two", deploying), a=raises(NO_DOCKER))
    reason = "Two/c: needs the artifact Built of One/a, which was not rehearsed"
    assert ran.result == (Result.NOT_REHEARSED, reason)
    assert ran.statuses == {"a": Status.NOT_REHEARSED, "b": Status.SUCCEEDED, "c": Status.NOT_REHEARSED}
    assert [gap.where for gap in ran.progress.gaps] == ["One/a"]


def test_execution_ends_where_a_variable_is_missing(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(
        stage("One", action("a", namespace="Built")),
        stage("Two", action("b", Text="#{Built.Tag}")),
        a=raises(NO_DOCKER),
    )
    reason = "Two/b: needs a variable of One/a, which was not rehearsed"
    assert ran.result == (Result.NOT_REHEARSED, reason)


def test_unknown_action_type_is_a_gap(rehearse: Callable[..., FakeExecution]) -> None:
    unknown = action("a")
    unknown["actionTypeId"] = {"category": "Deploy", "provider": "OpsWorks"}
    ran = rehearse(stage("One", unknown), stage("Two", action("b")))
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.begun == ["b"]
    assert ran.progress.gaps == [Gap(GapKind.ACTION, "One/a", "Deploy actions of OpsWorks are not rehearsed")]


def test_fail_option_affects_only_its_action(rehearse: Callable[..., FakeExecution]) -> None:
    seen: dict[str, bool] = {}

    def note(run: Run) -> None:
        seen[run.name] = run.fail_on_purpose

    rehearse(stage("One", action("a"), action("b")), a=note, b=note, fail=frozenset({"One/b"}))
    assert seen == {"One/a": False, "One/b": True}


def test_action_variables_are_resolved(rehearse: Callable[..., FakeExecution]) -> None:
    seen: list[str] = []
    ran = rehearse(
        stage("One", action("a", namespace="Source")),
        stage("Two", action("b", Text="#{Source.CommitId} of #{codepipeline.PipelineExecutionId}")),
        a=lambda _: Outcome(variables={"CommitId": "abc"}),
        b=lambda run: seen.append(run.configuration["Text"]),
    )
    assert ran.result == (Result.SUCCEEDED, "")
    assert seen == ["abc of first"]


def test_unresolved_variable_fails_the_action(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("a", Text="#{Source.CommitId}")))
    assert ran.result == (Result.FAILED, "One/a: variable #{Source.CommitId} has no value yet")


def test_pipelines_own_variables_have_their_defaults(tmp_path: Path) -> None:
    seen: list[str] = []
    document = pipeline(
        stage("One", action("a", Text="#{variables.level}")), variables=[{"name": "level", "defaultValue": "high"}]
    )
    ran = FakeExecution(document, tmp_path, {"a": lambda run: seen.append(run.configuration["Text"])})
    assert ran.run() == (Result.SUCCEEDED, "")
    assert seen == ["high"]


NEVER = ("1", "EQ", "2")
ALWAYS = ("1", "EQ", "1")
OBJECTION = "rule Check: '1' EQ '2' is false"
UNABLE = "; cannot roll back: this stage has not succeeded before"


def test_stage_is_entered_if_its_conditions_pass(rehearse: Callable[..., FakeExecution]) -> None:
    assert rehearse(stage("One", action("a"), beforeEntry=checks(*ALWAYS))).result == (Result.SUCCEEDED, "")


def test_failed_entry_condition_fails_the_stage(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("a"), beforeEntry=checks(*NEVER)))
    assert ran.result == (Result.FAILED, OBJECTION)
    assert ran.begun == []


def test_failed_entry_condition_can_skip_the_stage(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("a"), beforeEntry=checks(*NEVER, result="SKIP")), stage("Two", action("b")))
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.stages == {"One": Status.SKIPPED, "Two": Status.SUCCEEDED}
    assert ran.statuses == {"a": Status.SKIPPED, "b": Status.SUCCEEDED}
    assert ran.begun == ["b"]


def invokes(result: str = "FAIL") -> dict[str, Any]:
    """Conditions of one rule that invokes a function."""
    kind = {"category": "Rule", "owner": "AWS", "provider": "LambdaInvoke", "version": "1"}
    rule = {"name": "Freeze", "ruleTypeId": kind, "configuration": {"FunctionName": "freeze"}}
    return {"conditions": [{"result": result, "rules": [rule]}]}


@pytest.mark.parametrize(
    ("function", "result", "status"),
    [
        (None, (Result.SUCCEEDED, ""), Status.SUCCEEDED),
        (fails("changes are frozen"), (Result.FAILED, "rule Freeze: changes are frozen"), Status.FAILED),
        # What is not rehearsed says nothing about the release.
        (raises(NO_DOCKER), (Result.SUCCEEDED, ""), Status.NOT_REHEARSED),
        (raises(ActionNotEmulated("a gap")), (Result.SUCCEEDED, ""), Status.NOT_REHEARSED),
    ],
)
def test_rule_that_invokes_a_function_decides_about_the_stage(
    rehearse: Callable[..., FakeExecution],
    function: Behaviour | None,
    result: tuple[Result, str],
    status: Status,
) -> None:
    ran = rehearse(stage("One", action("a"), beforeEntry=invokes()), **{"rule Freeze": function} if function else {})
    assert ran.result == result
    assert ran.statuses["rule Freeze"] is status
    assert ran.begun == ["rule Freeze", *(["a"] if result[0] is Result.SUCCEEDED else [])]
    assert [gap.where for gap in ran.progress.gaps] == ["One/rule Freeze"] * (status is Status.NOT_REHEARSED)
    # CodePipeline publishes no events of rules.
    assert "rule Freeze" not in str(ran.cloud.received)


def window(cron: str) -> dict[str, Any]:
    rule = {
        "name": "Window",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "DeploymentWindow", "version": "1"},
        "configuration": {"Cron": cron, "TimeZone": "UTC"},
    }
    return {"conditions": [{"result": "FAIL", "rules": [rule]}]}


def test_closed_window_is_reported_without_waiting(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(
        stage("One", action("a"), beforeEntry=window("* * 12 ? * TUE *")),
        stage("Two", action("b"), beforeEntry=window("* * 9-11 ? * * *")),
        stage("Three", action("c"), beforeEntry=window("* * 9 ? * WED *")),
    )
    assert ran.result == (Result.SUCCEEDED, "")
    assert [item.reason for item in ran.progress.stages] == [
        "",
        "deployment window opens Wed 2026-11-25 09:00 UTC; wait skipped",
        # the clock has gone on to where the second one opened
        "",
    ]


def test_invalid_window_keeps_the_stage_closed(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("a"), beforeEntry=window("at night")))
    assert ran.result is not None
    assert ran.result[0] is Result.FAILED
    assert "six or seven fields" in ran.result[1]


@pytest.mark.parametrize(("result", "reason"), [("FAIL", OBJECTION), ("ROLLBACK", OBJECTION + UNABLE)])
def test_failed_success_condition_fails_the_stage(
    rehearse: Callable[..., FakeExecution], result: str, reason: str
) -> None:
    ran = rehearse(stage("One", action("a"), onSuccess=checks(*NEVER, result=result)), stage("Two", action("never")))
    assert ran.result == (Result.FAILED, reason)
    assert ran.begun == ["a"]


def test_conditions_can_use_stage_variables(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(
        stage("One", action("a", namespace="Tests"), onSuccess=checks("#{Tests.Failed}", "EQ", "0")),
        a=lambda _: Outcome(variables={"Failed": "0"}),
    )
    assert ran.result == (Result.SUCCEEDED, "")


def test_retry_runs_failed_and_later_actions(rehearse: Callable[..., FakeExecution]) -> None:
    retry = {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}
    ran = rehearse(
        stage("One", action("good"), action("bad", run_order=2), action("next", run_order=3), onFailure=retry),
        stage("Two", action("after")),
        bad=fails(times=1),
    )
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.begun == ["good", "bad", "bad", "next", "after"]
    assert ran.stages == {"One": Status.SUCCEEDED, "Two": Status.SUCCEEDED}


def test_retry_of_all_actions_runs_all(rehearse: Callable[..., FakeExecution]) -> None:
    retry = {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}
    ran = rehearse(stage("One", action("good"), action("bad", run_order=2), onFailure=retry), bad=fails(times=1))
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.begun == ["good", "bad", "good", "bad"]


def test_stage_is_retried_once(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("bad"), onFailure={"result": "RETRY"}), bad=fails(times=2))
    assert ran.result == (Result.FAILED, "One/bad: broken (after a retry)")


def test_failed_stage_can_be_skipped(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("bad"), onFailure={"result": "SKIP"}), stage("Two", action("b")), bad=fails())
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.stages == {"One": Status.SKIPPED, "Two": Status.SUCCEEDED}
    assert ran.statuses["bad"] is Status.FAILED


def test_rollback_is_reported(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("bad"), onFailure={"result": "ROLLBACK"}), bad=fails())
    assert ran.result == (Result.FAILED, "One/bad: broken" + UNABLE)


def test_failure_conditions_choose_the_result(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(
        stage("One", action("bad"), onFailure=checks(*NEVER, result="SKIP")), stage("Two", action("b")), bad=fails()
    )
    assert ran.stages == {"One": Status.SKIPPED, "Two": Status.SUCCEEDED}


def test_rejection_is_not_retried(rehearse: Callable[..., FakeExecution]) -> None:
    ran = rehearse(stage("One", action("a"), onFailure={"result": "RETRY"}), a=raises(Rejected("no")))
    assert ran.result == (Result.REJECTED, "One/a: no")
    assert ran.begun == ["a"]


def test_changed_pipeline_restarts(tmp_path: Path) -> None:
    rehearsal = FakeExecution(pipeline(stage("Source", action("source")), stage("Old", action("mutate"))), tmp_path)

    def mutate(_: Run) -> None:
        rehearsal.cloud.document = pipeline(
            stage("Source", action("source")), stage("New", action("deploy")), version=2
        )

    rehearsal.behaviours["mutate"] = mutate
    assert rehearsal.run() == (Result.SUCCEEDED, "")
    assert rehearsal.begun == ["source", "mutate", "source", "deploy"]
    assert len(set(rehearsal.executions[:2])) == len(set(rehearsal.executions[2:])) == 1
    assert rehearsal.executions[0] != rehearsal.executions[2]
    assert rehearsal.progress.restarts == 1
    assert list(rehearsal.stages) == ["Source", "New"]


def test_endless_self_mutation_is_stopped(tmp_path: Path) -> None:
    rehearsal = FakeExecution(pipeline(stage("One", action("mutate")), stage("Two", action("never"))), tmp_path)

    def mutate(_: Run) -> None:
        rehearsal.cloud.document["version"] += 1

    # Each execution must keep the version it began with.
    rehearsal.behaviours["mutate"] = mutate
    result, reason = rehearsal.run()
    assert result is Result.FAILED
    assert "each synthesis gives another definition" in reason
    assert rehearsal.begun == ["mutate"] * (MAX_RESTARTS + 1)


class TestRollback:
    """Two releases, one after the other; the second one fails where the first one got through."""

    ROLLBACK = {"result": "ROLLBACK"}

    def releases(
        self, tmp_path: Path, *stages: dict[str, Any], second: Behaviour, versions: tuple[int, int] = (1, 1)
    ) -> FakeExecution:
        first = FakeExecution(pipeline(*stages, version=versions[0]), tmp_path / "one")
        first.execution_id, first.commit = "first", "1" * 40
        assert first.run() == (Result.SUCCEEDED, "")
        later = FakeExecution(pipeline(*stages, version=versions[1]), tmp_path / "two", {"deploy": second})
        later.execution_id, later.commit, later.history = "second", "2" * 40, first.history
        later.run()
        return later

    def test_failed_stage_rolls_back(self, tmp_path: Path) -> None:
        commits: list[str] = []

        def fails_for_the_second(run: Run) -> None:
            commits.append(run.context.commit[:1])
            if run.context.commit.startswith("2"):
                raise ActionFailed("broken")

        ran = self.releases(
            tmp_path,
            stage("Prod", action("deploy"), action("tests", run_order=2), onFailure=self.ROLLBACK),
            stage("Later", action("never")),
            second=fails_for_the_second,
        )
        assert ran.result == (Result.FAILED, "Prod/deploy: broken; rolled back to commit 111111111111")
        assert commits == ["2", "1"]
        assert ran.begun == ["deploy", "deploy", "tests"]
        assert ran.stages == {
            "Prod": Status.FAILED,
            "Later": Status.WAITING,
            "Prod (rollback)": Status.SUCCEEDED,
        }

    def test_rollback_uses_variables_of_its_release(self, tmp_path: Path) -> None:
        seen: list[str] = []

        def deploy(run: Run) -> None:
            seen.append(run.configuration["Built"])
            if run.context.commit.startswith("2"):
                raise ActionFailed("broken")

        names = iter(["old", "new"])
        stages = (
            stage("Build", action("build", namespace="Build")),
            stage("Prod", action("deploy", Built="#{Build.Name}"), onFailure=self.ROLLBACK),
        )
        first = FakeExecution(
            pipeline(*stages), tmp_path / "one", {"build": lambda _: Outcome(variables={"Name": next(names)})}
        )
        first.commit = "1" * 40
        first.run()
        later = FakeExecution(pipeline(*stages), tmp_path / "two", {**first.behaviours, "deploy": deploy})
        later.commit, later.history = "2" * 40, first.history
        later.run()
        assert seen == ["new", "old"]

    def test_failed_rollback_is_reported(self, tmp_path: Path) -> None:
        ran = self.releases(
            tmp_path, stage("Prod", action("deploy"), onFailure=self.ROLLBACK), second=fails("for both")
        )
        assert ran.result == (
            Result.FAILED,
            "Prod/deploy: for both; the rollback to commit 111111111111 also failed: Prod (rollback)/deploy: for both",
        )

    def test_changed_pipeline_does_not_roll_back(self, tmp_path: Path) -> None:
        ran = self.releases(
            tmp_path, stage("Prod", action("deploy"), onFailure=self.ROLLBACK), second=fails(), versions=(1, 2)
        )
        assert ran.result is not None
        assert ran.result[1].endswith("cannot roll back: the pipeline has changed since the last successful execution")
        assert ran.begun == ["deploy"]

    def test_failed_success_condition_rolls_back(self, tmp_path: Path) -> None:
        failed = iter(["0", "1", "0"])
        stages = (
            stage(
                "Prod", action("deploy", namespace="Tests"), onSuccess=checks("#{Tests.Failed}", "EQ", "0", "ROLLBACK")
            ),
        )
        behaviours: dict[str, Behaviour] = {"deploy": lambda _: Outcome(variables={"Failed": next(failed)})}
        first = FakeExecution(pipeline(*stages), tmp_path / "one", behaviours)
        assert first.run() == (Result.SUCCEEDED, "")
        later = FakeExecution(pipeline(*stages), tmp_path / "two", behaviours, history=first.history)
        later.run()
        assert later.result == (
            Result.FAILED,
            "rule Check: '1' EQ '0' is false; rolled back to commit 000000000000",
        )


def test_pipelines_variables_have_the_values_of_the_execution(tmp_path: Path) -> None:
    seen: list[str] = []
    received: list[dict[str, str]] = []
    document = pipeline(
        stage("One", action("a", Hotfix="#{variables.HOTFIX}", Other="#{variables.OTHER}")),
        variables=[{"name": "HOTFIX", "defaultValue": "no"}, {"name": "OTHER", "defaultValue": "default"}],
    )
    values: tuple[dict[str, str], ...] = ({}, {"HOTFIX": "yes"})
    for given in values:
        ran = FakeExecution(document, tmp_path / str(len(given)))
        ran.pipeline_variables = given
        ran.behaviours["a"] = lambda run: seen.append(f"{run.configuration['Hotfix']} {run.configuration['Other']}")
        assert ran.run() == (Result.SUCCEEDED, "")
        received.append(ran.cloud.received[0]["known"]["pipeline_variables"])
    assert seen == ["no default", "yes default"]
    assert received == [{"HOTFIX": "no", "OTHER": "default"}, {"HOTFIX": "yes", "OTHER": "default"}]


def test_history_knows_every_success_of_a_stage(tmp_path: Path) -> None:
    history = History()
    for execution in ("first", "second"):
        ran = FakeExecution(pipeline(stage("Prod", action("deploy"))), tmp_path / execution, history=history)
        ran.execution_id = execution
        ran.run()
    assert history.success("Prod", "first").context.execution_id == "first"
    assert history.success("Prod", "second").context.execution_id == "second"
    with pytest.raises(RollbackUnavailable, match="execution third has not succeeded in Prod"):
        history.success("Prod", "third")
