"""A rehearsal that goes on where another was killed: what is done is not done again, what was under way is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from rehearsal.actions.run import ActionFailed, Deployed, Outcome, Run
from rehearsal.evidence import ChangeSet, Effect, ResourceChange
from rehearsal.journal import Journal
from rehearsal.progress import Result, Status
from tests.tools.rehearsal_fakes import HOME, FakeExecution, action, checks, pipeline, stage

TEXT = TypeAdapter(str)
Behaviour = Callable[[Run], Outcome | None]


class Killed(BaseException):
    """As sudden as a signal: nothing handles it on its way."""


def killed(_: Run) -> None:
    raise Killed


def fails(_: Run) -> None:
    raise ActionFailed("broken")


@pytest.fixture
def resume(tmp_path: Path) -> Callable[..., FakeExecution]:
    """Run a pipeline that is killed, then go on with it."""

    def run(*stages: dict[str, object], **behaviours: Behaviour) -> FakeExecution:
        journal = tmp_path / "journal"
        first = FakeExecution(pipeline(*stages), tmp_path, behaviours, journal=Journal(journal))
        with pytest.raises(Killed):
            first.run()
        behaviours = {name: behave for name, behave in behaviours.items() if behave is not killed}
        second = FakeExecution(pipeline(*stages), tmp_path, behaviours, journal=Journal(journal), resumed=True)
        second.run()
        return second

    return run


def test_only_what_had_not_ended_is_done(resume: Callable[..., FakeExecution]) -> None:
    ran = resume(
        stage("One", action("a"), action("b", run_order=2)),
        stage("Two", action("c"), action("d", run_order=2)),
        c=killed,
    )
    assert ran.result == (Result.SUCCEEDED, "")
    assert ran.begun == ["c", "d"]
    assert set(ran.statuses.values()) == {Status.SUCCEEDED}


def test_what_an_action_gave_is_there_as_it_was(resume: Callable[..., FakeExecution]) -> None:
    seen: list[str] = []
    changes = ChangeSet("stack", (ResourceChange("Table", "AWS::DynamoDB::Table", Effect.CHANGED, ("Name",)),))
    deployed = Deployed("stack", HOME, {"Name": "one"})

    def gives(run: Run) -> Outcome:
        run.log("two\nlines")
        run.evidence.change_set = changes
        run.evidence.secrets.add("confidential")
        return Outcome(variables={"Name": "one"}, deployed=deployed)

    ran = resume(
        stage("One", action("a", namespace="Given")),
        stage("Two", action("b"), action("c", run_order=2, Text="#{Given.Name}")),
        a=gives,
        b=killed,
        c=lambda run: seen.append(run.configuration["Text"]),
    )
    assert seen == ["one"]
    found = ran.progress.action("One", "a")
    assert (found.deployed, found.evidence.change_set) == (deployed, changes)
    assert found.evidence.secrets == {"confidential"}
    assert found.log_file.read_text() == "two\nlines\n"
    assert found.log_lines == range(2)


def test_the_execution_is_the_same(resume: Callable[..., FakeExecution]) -> None:
    seen: list[str] = []
    text = "#{codepipeline.PipelineExecutionId}"

    def keep(run: Run) -> None:
        seen.append(run.configuration["Text"])

    resume(
        stage("One", action("a", Text=text)),
        stage("Two", action("b"), action("c", run_order=2, Text=text)),
        a=keep,
        b=killed,
        c=keep,
    )
    assert seen == ["first", "first"]


def test_a_retry_that_was_killed_is_tried_again_and_not_twice(resume: Callable[..., FakeExecution]) -> None:
    attempts: list[str] = []

    def bad(run: Run) -> None:
        attempts.append(run.name)
        if len(attempts) == 1:
            raise ActionFailed("broken")
        if len(attempts) == 2:
            raise Killed

    ran = resume(stage("One", action("a"), onFailure={"result": "RETRY"}), a=bad)
    assert (ran.result, len(attempts)) == ((Result.SUCCEEDED, ""), 3)


def test_a_verdict_on_a_condition_stands(tmp_path: Path) -> None:
    """What was let in is not asked for its reasons again: they may have changed since."""
    entry = checks("#{variables.level}", "EQ", "high", result="SKIP")
    stages = (stage("One", action("a"), beforeEntry=entry), stage("Two", action("b")))
    high, low = ([{"name": "level", "defaultValue": level}] for level in ("high", "low"))
    behaviours: dict[str, Behaviour] = {"b": killed}
    first = FakeExecution(
        pipeline(*stages, variables=high), tmp_path, behaviours, journal=Journal(tmp_path / "journal")
    )
    with pytest.raises(Killed):
        first.run()
    second = FakeExecution(
        pipeline(*stages, variables=low), tmp_path, journal=Journal(tmp_path / "journal"), resumed=True
    )
    second.run()
    assert second.stages == {"One": Status.SUCCEEDED, "Two": Status.SUCCEEDED}


def test_a_failure_before_the_kill_is_still_one(resume: Callable[..., FakeExecution]) -> None:
    ran = resume(stage("One", action("a"), action("b")), a=fails, b=killed)
    assert ran.result == (Result.FAILED, "One/a: broken")
    assert ran.begun == ["b"]


def test_answers_come_in_the_order_in_which_they_were_had(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    for number in (1, 2):
        Journal(file).keep("key", TEXT, f"answer {number}")
    journal = Journal(file)
    assert [journal.once("key", TEXT, lambda: "new") for _ in range(3)] == ["answer 1", "answer 2", "new"]
    assert Journal(file).recall("another", TEXT) is None
    assert [json.loads(line)[1] for line in file.read_text().splitlines()] == ["answer 1", "answer 2", "new"]


def test_an_entry_cut_off_by_the_kill_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    Journal(file).keep("key", TEXT, "whole")
    with file.open("a") as journal:
        journal.write('["key", "cut o')
    Journal(file).keep("key", TEXT, "after")
    journal = Journal(file)
    assert [journal.recall("key", TEXT) for _ in range(3)] == [("whole",), ("after",), None]


def test_each_change_is_told_once_over_both(tmp_path: Path) -> None:
    stages = (stage("One", action("a")), stage("Two", action("b"), action("c", run_order=2)))
    behaviours: dict[str, Behaviour] = {"b": killed}
    first = FakeExecution(pipeline(*stages), tmp_path, behaviours, journal=Journal(tmp_path / "journal"))
    with pytest.raises(Killed):
        first.run()
    second = FakeExecution(pipeline(*stages), tmp_path, journal=Journal(tmp_path / "journal"), resumed=True)
    second.run()
    details = [message["event"]["detail"] for message in [*first.cloud.told, *second.cloud.told]]
    told = [(detail.get("stage"), detail.get("action"), detail["state"]) for detail in details]
    whole = FakeExecution(pipeline(*stages), tmp_path / "whole")
    whole.run()
    expected = [message["event"]["detail"] for message in whole.cloud.told]
    assert told == [(detail.get("stage"), detail.get("action"), detail["state"]) for detail in expected]
    ids = {detail["action-execution-id"] for detail in details if detail.get("action") == "b"}
    assert len(ids) == 1, "what was under way is the same action still"
