"""What a rehearsal tells the emulator of its executions: CodePipeline's events, each once, in CodePipeline's words."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.run import ActionFailed, ActionNotRehearsed, Outcome, Rejected, Run, Unanswered
from rehearsal.gaps import GapKind
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, checks, pipeline, stage

Behaviour = Callable[[Run], Outcome | None]


def raises(error: Exception) -> Behaviour:
    def behave(_: Run) -> None:
        raise error

    return behave


def received(ran: FakeExecution) -> list[str]:
    """What was told, a line each: `Stage One STARTED`."""
    return [_line(message["event"]) for message in ran.cloud.received]


def _line(event: Mapping[str, Any]) -> str:
    detail = event["detail"]
    where = "/".join(detail[key] for key in ("stage", "action") if key in detail)
    return " ".join(filter(None, [event["detail-type"].split()[1], where, detail["state"]]))


def run(tmp_path: Path, *stages: dict[str, Any], **behaviours: Behaviour) -> FakeExecution:
    ran = FakeExecution(pipeline(*stages), tmp_path, behaviours)
    ran.run()
    return ran


def test_start_and_end_events(tmp_path: Path) -> None:
    assert received(run(tmp_path, stage("One", action("a")), stage("Two", action("b")))) == [
        "Pipeline STARTED",
        "Stage One STARTED",
        "Action One/a STARTED",
        "Action One/a SUCCEEDED",
        "Stage One SUCCEEDED",
        "Stage Two STARTED",
        "Action Two/b STARTED",
        "Action Two/b SUCCEEDED",
        "Stage Two SUCCEEDED",
        "Pipeline SUCCEEDED",
    ]


ENDS = [
    (ActionFailed("broken"), "FAILED", "FAILED"),
    (Rejected("no"), "FAILED", "FAILED"),
    (KeyError("odd"), "FAILED", "FAILED"),
    (Unanswered("nobody"), "ABANDONED", "STOPPED"),
    (ActionNotRehearsed(GapKind.DOCKER, "no Docker here"), "SUCCEEDED", "SUCCEEDED"),
]


@pytest.mark.parametrize(("error", "of_the_action", "of_all"), ENDS, ids=[type(row[0]).__name__ for row in ENDS])
def test_one_end_event_per_action(tmp_path: Path, error: Exception, of_the_action: str, of_all: str) -> None:
    assert received(run(tmp_path, stage("One", action("a")), a=raises(error)))[-3:] == [
        f"Action One/a {of_the_action}",
        f"Stage One {of_all}",
        f"Pipeline {of_all}",
    ]


def test_skipped_stage_has_no_events(tmp_path: Path) -> None:
    ran = run(tmp_path, stage("One", action("a"), beforeEntry=checks("1", "EQ", "2", result="SKIP")))
    assert received(ran) == ["Pipeline STARTED", "Pipeline SUCCEEDED"]


def test_failed_entry_condition_has_no_action_events(tmp_path: Path) -> None:
    ran = run(tmp_path, stage("One", action("a"), beforeEntry=checks("1", "EQ", "2")))
    assert received(ran)[1:] == ["Stage One STARTED", "Stage One FAILED", "Pipeline FAILED"]


def test_retry_events(tmp_path: Path) -> None:
    failures = [ActionFailed("once")]

    def fails_once(_: Run) -> None:
        if failures:
            raise failures.pop()

    ran = run(tmp_path, stage("One", action("a"), onFailure={"result": "RETRY"}), a=fails_once)
    stages = [
        message["event"]["detail"] for message in ran.cloud.received if " Stage " in message["event"]["detail-type"]
    ]
    assert [(one["state"], one["pipeline-execution-attempt"]) for one in stages] == [
        ("STARTED", 1.0),
        ("FAILED", 1.0),
        ("RESUMED", 2.0),
        ("SUCCEEDED", 2.0),
    ]


def test_self_mutation_events(tmp_path: Path) -> None:
    rehearsal = FakeExecution(pipeline(stage("One", action("mutate"))), tmp_path)

    def mutate(_: Run) -> None:
        rehearsal.cloud.document = pipeline(stage("One", action("deploy")), version=2)

    rehearsal.behaviours["mutate"] = mutate
    rehearsal.run()
    lines = received(rehearsal)
    assert lines.index("Pipeline CANCELED") < lines.index("Action One/deploy STARTED")
    executions = [message["event"]["detail"]["execution-id"] for message in rehearsal.cloud.received]
    assert len(set(executions)) == 2
    assert lines.count("Pipeline STARTED") == 2


def test_rollback_events(tmp_path: Path) -> None:
    stages = (stage("Prod", action("deploy"), onFailure={"result": "ROLLBACK"}),)
    first = FakeExecution(pipeline(*stages), tmp_path / "one")
    first.run()

    def fails_for_the_second(run: Run) -> None:
        if run.context.commit.startswith("2"):
            raise ActionFailed("broken")

    later = FakeExecution(pipeline(*stages), tmp_path / "two", {"deploy": fails_for_the_second}, history=first.history)
    later.execution_id, later.commit = "second", "2" * 40
    before = len(first.cloud.received)
    later.run()
    # The first one's cloud is where its artifacts are; in a rehearsal all have the same.
    messages = [*later.cloud.received, *first.cloud.received[before:]]
    assert [_line(message["event"]) for message in messages] == [
        "Pipeline STARTED",
        "Stage Prod STARTED",
        "Action Prod/deploy STARTED",
        "Action Prod/deploy FAILED",
        "Stage Prod FAILED",
        "Pipeline FAILED",
        "Pipeline STARTED",
        "Stage Prod STARTED",
        "Action Prod/deploy STARTED",
        "Action Prod/deploy SUCCEEDED",
        "Stage Prod SUCCEEDED",
        "Pipeline SUCCEEDED",
    ]
    [_, rollback] = [message for message in messages if _line(message["event"]) == "Pipeline STARTED"]
    assert rollback["known"] == {"kind": "ROLLBACK", "target": "first", "failed": "second"}
    assert rollback["event"]["detail"]["execution-id"] not in ("first", "second")
    trigger = rollback["event"]["detail"]["execution-trigger"]
    assert trigger == {
        "trigger-type": "AutomatedRollback",
        "trigger-detail": '{"FailedPipelineExecutionId":"second"}',
    }


def test_later_events_have_the_source_revision(tmp_path: Path) -> None:
    source = {**action("fetch"), "actionTypeId": {"category": "Source", "provider": "Fake"}}
    source["outputArtifacts"] = [{"name": "Source"}]
    ran = FakeExecution(pipeline(stage("Source", source)), tmp_path)
    ran.behaviours["fetch"] = lambda _: Outcome(variables={"CommitId": "abc", "AuthorDisplayName": "Ada"})
    ran.run()
    begun, *_, ended = [
        message["event"]["detail"]["execution-trigger"]
        for message in ran.cloud.received
        if "stage" not in message["event"]["detail"]
    ]
    assert begun["trigger-type"] == "WebhookV2"
    assert ended == {"commit-id": "abc", "author-display-name": "Ada"}


def test_events_include_api_details(tmp_path: Path) -> None:
    def build(run: Run) -> Outcome:
        run.details.external_id, run.details.log = "project:1", ("group", "stream")
        return Outcome(variables={"SUMMARY": "all well"})

    ran = run(tmp_path, stage("One", action("a", Text="#{codepipeline.PipelineExecutionId}")), a=build)
    began, ended = (message["known"] for message in ran.cloud.received if "Action" in message["event"]["detail-type"])
    assert began == {"configuration": {"Text": "first"}}
    assert ended["variables"] == {"SUMMARY": "all well"}
    assert (ended["external_id"], ended["log"]) == ("project:1", {"groupName": "group", "streamName": "stream"})
