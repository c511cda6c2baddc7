"""Boundaries of an environment's outcomes: what happens at the same moment, and the first and last of two."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.delivery_events.deduplication import Claims
from lambdas.delivery_metrics.attempts import attempts
from lambdas.delivery_metrics.figures import execution_figures, seconds
from lambdas.delivery_metrics.history import LONGEST_TITLE, Action, Environment, Execution, History, read
from lambdas.delivery_metrics.incidents import WINDOW, Incident
from lambdas.delivery_metrics.outcomes import Outcome, failing_since, outcomes
from tests.unit.recorded_runs import NOON, moment

PROD = Environment(name="prod", stages={"Prod": ["BakeA", "BakeB"], "ProdWave2": ["Bake"]})

Row = tuple[str, str, float, float, str]


def execution(name: str, *rows: Row, status: str = "Succeeded", target: str = "") -> Execution:
    """Return an execution from rows of stage, action, minutes of start and end, and status."""
    actions = tuple(
        Action(
            id=f"{name}-{number}",
            stage=stage,
            name=action,
            is_approval=action == "Approve",
            status=state,
            start=moment(start),
            end=moment(end),
        )
        for number, (stage, action, start, end, state) in enumerate(rows)
    )
    return Execution(
        id=name,
        status=status,
        start=moment(min([row[2] for row in rows], default=0)),
        is_rollback=bool(target),
        target=target,
        commit=f"commit of {name}",
        title="",
        committed=None,
        actions=actions,
    )


RELEASE = execution(
    "good",
    ("Prod", "BakeA", 0, 10, "Succeeded"),
    ("Prod", "BakeB", 0, 20, "Succeeded"),
    ("ProdWave2", "Bake", 20, 30, "Succeeded"),
)
RELEASED = 30
DAY = WINDOW / timedelta(minutes=1)


def kinds(found: Sequence[Outcome]) -> list[tuple[float, bool, str]]:
    return [((one.time - NOON) / timedelta(minutes=1), one.is_good, one.because) for one in found]


def test_release_is_whole_when_its_last_region_has_passed() -> None:
    assert PROD.released_by(RELEASE) == moment(RELEASED)
    without = execution("half", *[(a.stage, a.name, 0, 1, a.status) for a in RELEASE.actions if a.name != "BakeA"])
    assert PROD.released_by(without) is None


def test_repeated_action_counts_with_its_first_success() -> None:
    again = execution(
        "again",
        ("Prod", "BakeA", 0, 5, "Failed"),
        ("Prod", "BakeA", 6, 10, "Succeeded"),
        ("Prod", "BakeA", 11, 15, "Succeeded"),
        ("Prod", "BakeB", 0, 2, "Succeeded"),
        ("ProdWave2", "Bake", 0, 3, "Succeeded"),
    )
    assert PROD.released_by(again) == moment(10)


@pytest.mark.parametrize(
    ("start", "blamed"),
    [
        (RELEASED - 1, False),
        (RELEASED, True),
        (RELEASED + 1, True),
        (RELEASED + DAY, True),
        (RELEASED + DAY + 1, False),
    ],
)
def test_incident_is_blamed_on_a_release_for_a_day(start: float, blamed: bool) -> None:
    incident = Incident(alarm="errors", start=moment(start), end=moment(start + 5))
    expected = [(start, False, "alarm errors"), (start + 5, True, "")] if blamed else []
    assert kinds(outcomes([RELEASE], PROD, [incident])) == sorted([(RELEASED, True, ""), *expected])


NEXT: Sequence[Row] = [
    ("Prod", "BakeA", 100, 110, "Succeeded"),
    ("Prod", "BakeB", 100, 105, "Succeeded"),
    ("ProdWave2", "Bake", 120, 130, "Failed"),
]


@pytest.mark.parametrize(
    ("start", "status", "blamed"),
    [
        (99, "Failed", True),
        (100, "Failed", False),
        (115, "Failed", False),
        (129, "Failed", False),
        (99, "InProgress", True),
        (100, "InProgress", False),
    ],
)
def test_incident_during_the_next_deployment_is_not_blamed_on_the_release(
    start: float, status: str, blamed: bool
) -> None:
    found = outcomes(
        [RELEASE, execution("next", *NEXT, status=status)],
        PROD,
        [Incident(alarm="errors", start=moment(start), end=None)],
    )
    assert ("alarm errors" in [one.because for one in found]) == blamed


@pytest.mark.parametrize(
    ("start", "status", "blamed"),
    [
        (129, "Stopped", False),
        (130, "Stopped", True),
        (131, "Superseded", True),
        (131, "InProgress", False),
    ],
)
def test_incident_after_a_deployment_that_was_given_up_is_blamed_on_the_release(
    start: float, status: str, blamed: bool
) -> None:
    """One that nobody ends may still deploy."""
    given_up = execution("next", *NEXT[:2], ("ProdWave2", "Bake", 120, 130, "Abandoned"), status=status)
    found = outcomes([RELEASE, given_up], PROD, [Incident(alarm="errors", start=moment(start), end=None)])
    assert ("alarm errors" in [one.because for one in found]) == blamed


def test_incident_after_the_last_region_is_blamed_though_another_action_still_runs() -> None:
    longer = execution(
        "longer",
        *[(a.stage, a.name, 0, 30, a.status) for a in RELEASE.actions],
        ("ProdWave2", "Report", 30, 90, "Failed"),
    )
    found = outcomes([longer], PROD, [Incident(alarm="errors", start=moment(50), end=None)])
    assert "alarm errors" in [one.because for one in found]


def test_failures_last_from_the_first_until_a_success() -> None:
    found = [
        Outcome(time=moment(minute), is_good=good, execution_id="x")
        for minute, good in ((1, True), (2, False), (4, False), (6, True), (8, False))
    ]
    since = {minute: failing_since(found, moment(minute)) for minute in (1, 2, 3, 4, 5, 6, 7, 8, 9)}
    failing = dict.fromkeys((3, 4, 5, 6), moment(2)) | {9: moment(8)}
    assert since == {minute: failing.get(minute) for minute in since}


def test_rollback_fails_the_change_deployed_last_before_it() -> None:
    def released(name: str, minute: float, target: str = "") -> Execution:
        rows = [
            ("Prod", "BakeA", minute, minute + 2, "Succeeded"),
            ("Prod", "BakeB", minute, minute + 1, "Succeeded"),
            ("ProdWave2", "Bake", minute + 2, minute + 3, "Succeeded"),
        ]
        return execution(name, *rows, target=target)

    first, second, rollback = released("first", 0), released("second", 10), released("back", 20, target="first")
    found = outcomes([first, second, rollback], PROD)
    assert [(one.change_id, one.because) for one in found if not one.is_good] == [("second", "rolled back")]
    further = outcomes([first, second, rollback, released("back again", 30, target="none")], PROD)
    assert [(one.change_id, one.execution_id) for one in further if not one.is_good] == [
        ("second", "back"),
        ("first", "back again"),
    ], "a rollback after a rollback that passed undoes what that one had returned to"


def test_attempts_are_split_where_an_action_appears_again() -> None:
    found = execution(
        "x",
        ("Dev", "Deploy", 0, 5, "Succeeded"),
        ("Dev", "Tests", 5, 9, "Failed"),
        ("Dev", "Lint", 5, 7, "Failed"),
        ("Dev", "Tests", 20, 25, "Abandoned"),
    )
    first, second = attempts(found.actions)
    assert (first.start, first.end, first.failed_at, first.is_over) == (moment(0), moment(9), moment(7), True)
    assert (second.start, second.failed_at, second.is_over) == (moment(20), None, True)
    [running] = attempts(execution("y", ("Dev", "A", 0, 1, "Failed"), ("Dev", "B", 0, 1, "InProgress")).actions)
    assert not running.is_over


def test_execution_tells_the_first_of_two_failures() -> None:
    failed = execution(
        "x",
        ("Dev", "A", 0, 9, "Failed"),
        ("Dev", "B", 0, 7, "Failed"),
        ("Dev", "Approve", 0, 3, "Failed"),
        status="Failed",
    )
    [figure] = [one for one in execution_figures([failed], failed) if one.name == "failure"]
    assert (figure.time, figure.values) == (moment(7), {"Failures": 1, "FeedbackTime": 7 * 60})


def test_success_is_measured_from_the_last_success_and_the_first_failure_after_it() -> None:
    rows: dict[str, tuple[str, float]] = {"a": ("Succeeded", 10), "b": ("Succeeded", 20), "c": ("Failed", 30)}
    rows |= {"d": ("Failed", 40), "e": ("Succeeded", 50), "f": ("Succeeded", 60)}
    all_runs = [
        execution(name, ("Dev", "A", end - 5, end, status), status=status) for name, (status, end) in rows.items()
    ]
    found = {
        run.id: {k: v for f in execution_figures(all_runs, run) if f.name == "success" for k, v in f.values.items()}
        for run in all_runs
    }
    assert found["a"] == {"Successes": 1}
    assert found["b"] == {"Successes": 1, "CycleTime": 600}
    assert found["c"] == {}
    assert found["e"] == {"Successes": 1, "CycleTime": 1800, "RestoreTime": 1200}
    assert found["f"] == {"Successes": 1, "CycleTime": 600}


def test_clock_of_an_author_may_be_ahead() -> None:
    assert (seconds(moment(0), moment(1)), seconds(moment(1), moment(0))) == (60, 0)


@pytest.mark.parametrize(
    ("status", "over"), [("InProgress", False), ("Stopping", False), ("Stopped", True), ("Superseded", True)]
)
def test_figures_are_settled_until_the_first_execution_that_still_runs(status: str, over: bool) -> None:
    other = execution("other", ("Dev", "A", -5, 1, "Succeeded"), status=status)
    history = History(executions=[other, RELEASE], incomplete=[])
    assert other.is_over == over
    assert history.settled_until([PROD]) == (RELEASE.start if over else other.start)
    assert History(executions=[other], incomplete=[]).settled_until([PROD]) is None
    assert history.find("good") is RELEASE
    assert history.find("none") is None


class Pages:
    """CodePipeline with one execution, whose source says nothing."""

    def __init__(self, summary: str) -> None:
        self.summary = summary

    def get_paginator(self, name: str) -> "Pages":
        self.name = name
        return self

    def paginate(self, **_: Any) -> list[Mapping[str, Any]]:
        if self.name == "list_action_executions":
            return [{"actionExecutionDetails": []}]
        revisions = [{"revisionId": "abc", "revisionSummary": self.summary}, {"revisionId": "def"}]
        run = {"pipelineExecutionId": "one", "status": "Failed", "startTime": NOON, "sourceRevisions": revisions}
        return [{"pipelineExecutionSummaries": [run]}]


@pytest.mark.parametrize(
    ("summary", "title"),
    [
        ("", ""),
        ("fix: one\n\nthe reason", "fix: one"),
        (json.dumps({"ProviderType": "GitHub", "CommitMessage": "fix: two\nmore"}), "fix: two"),
        ('{"ProviderType": "GitHub"}', '{"ProviderType": "GitHub"}'),
        ('["list"]', '["list"]'),
        ("12", "12"),
        ("x" * (LONGEST_TITLE + 1), "x" * LONGEST_TITLE),
    ],
)
def test_title_is_the_first_line_of_the_first_revision(summary: str, title: str) -> None:
    [found] = read(Pages(summary), "p", [PROD], settled_until=None, execution_id=None).executions
    assert (found.title, found.commit) == (title, "abc")


class Bucket:
    """S3, whose only answer is an error."""

    def __init__(self, code: str) -> None:
        self.code = code

    def put_object(self, **_: Any) -> None:
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "PutObject")


@pytest.mark.parametrize(("code", "ours"), [("", True), ("PreconditionFailed", False), ("412", False)])
def test_claim_is_ours_unless_the_object_exists(code: str, ours: bool) -> None:
    assert Claims(Bucket(code), "bucket", "claims").acquire("event") == ours


@pytest.mark.parametrize(
    "code", ["AccessDenied", "NoSuchBucket", "SlowDown", "InternalError", "ConditionalRequestConflict"]
)
def test_other_answers_to_a_claim_are_raised_for_a_retry(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        Claims(Bucket(code), "bucket", "claims").acquire("event")
