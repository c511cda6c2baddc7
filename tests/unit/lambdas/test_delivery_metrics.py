"""Compares the metrics of recorded pipeline runs with figures calculated by hand."""

import contextlib
import io
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from lambdas.delivery_metrics.handler import NotYetKnownError, publish
from lambdas.delivery_metrics.history import Environment, read
from lambdas.delivery_metrics.published_figures import PublishedFigures
from tests.unit.recorded_runs import ENVIRONMENTS, NOON, PASSED, CodePipeline, DynamoDB, Run, moment, run

Told = list[tuple[str, str, int, Any]]
"""Dimension, metric, minute after noon, and value; durations in minutes."""

BUILD_FAILED = [*PASSED[:1], ("Build", "Synth", 1, 4, "Failed")]
PROD_FAILED = [*PASSED[:6], ("Prod", "IntegrationTests", 40, 45, "Failed")]
GOOD = run("a", 0, PASSED, (60, "Succeeded"), committed=-30)

# The events, and all metrics of prod and of the whole pipeline.
RECORDED: dict[str, tuple[Sequence[Run], Told]] = {
    "a success": (
        [GOOD],
        [
            ("pipeline", "Successes", 60, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "Releases", 60, 1),
        ],
    ),
    "two successes, 100 minutes apart": (
        [GOOD, run("b", 100, PASSED, (60, "Succeeded"), committed=80)],
        [
            ("pipeline", "CycleTime", 160, 100),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 160, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 160, 1),
            ("prod", "CycleTime", 160, 100),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 160, [80]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 160, 1),
        ],
    ),
    "a build that fails, then its fix": (
        [GOOD, run("b", 100, BUILD_FAILED, (4, "Failed"), committed=90), run("c", 200, PASSED, (60, "Succeeded"))],
        [
            ("pipeline", "CycleTime", 260, 200),
            ("pipeline", "Failures", 104, 1),
            ("pipeline", "FeedbackTime", 104, 4),
            ("pipeline", "RestoreTime", 260, 156),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 260, 1),
            # The failure never reached prod; the fix brings both commits.
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 260, 1),
            ("prod", "CycleTime", 260, 200),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 260, [170, 60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 260, 1),
        ],
    ),
    "prod's tests fail, then the next commit mends it": (
        [GOOD, run("b", 100, PROD_FAILED, (45, "Failed")), run("c", 200, PASSED, (60, "Succeeded"))],
        [
            ("pipeline", "CycleTime", 260, 200),
            ("pipeline", "Failures", 145, 1),
            ("pipeline", "FeedbackTime", 145, 45),
            ("pipeline", "RestoreTime", 260, 115),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 260, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 145, 1),
            ("prod", "Changes", 260, 1),
            ("prod", "CycleTime", 260, 200),
            ("prod", "FailedChanges", 145, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 260, [160, 60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 260, 1),
            ("prod", "RestoreTime", 260, 115),
        ],
    ),
    "prod fails twice before it is mended": (
        [
            GOOD,
            run("b", 100, PROD_FAILED, (45, "Failed")),
            run("c", 200, PROD_FAILED, (45, "Failed")),
            run("d", 300, PASSED, (60, "Succeeded")),
        ],
        [
            ("pipeline", "CycleTime", 360, 300),
            ("pipeline", "Failures", 145, 1),
            ("pipeline", "Failures", 245, 1),
            ("pipeline", "FeedbackTime", 145, 45),
            ("pipeline", "FeedbackTime", 245, 45),
            # Time to restore counts from the first failure.
            ("pipeline", "RestoreTime", 360, 215),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 360, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 145, 1),
            ("prod", "Changes", 245, 1),
            ("prod", "Changes", 360, 1),
            ("prod", "CycleTime", 360, 300),
            ("prod", "FailedChanges", 145, 1),
            ("prod", "FailedChanges", 245, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 360, [260, 160, 60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 360, 1),
            ("prod", "RestoreTime", 360, 215),
        ],
    ),
    "prod's tests fail, and the stage is rolled back": (
        [
            GOOD,
            run("b", 100, PROD_FAILED, (45, "Failed")),
            run(
                "r",
                146,
                [("Prod", "Deploy", 0, 6, "Succeeded"), ("Prod", "Bake", 6, 9, "Succeeded")],
                (9, "Succeeded"),
                commit="a",
                rolls_back_to="a",
            ),
        ],
        [
            ("pipeline", "Failures", 145, 1),
            ("pipeline", "FeedbackTime", 145, 45),
            ("pipeline", "Successes", 60, 1),
            # The rollback is neither a change nor a release; it restores service.
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 145, 1),
            ("prod", "FailedChanges", 145, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "Releases", 60, 1),
            ("prod", "RestoreTime", 155, 10),
        ],
    ),
    "somebody rolls a release back that had passed": (
        [
            GOOD,
            run("b", 100, PASSED, (60, "Succeeded")),
            run(
                "r",
                200,
                [("Prod", "Deploy", 1, 6, "Succeeded"), ("Prod", "Bake", 6, 9, "Succeeded")],
                (9, "Succeeded"),
                commit="a",
                rolls_back_to="a",
            ),
        ],
        [
            ("pipeline", "CycleTime", 160, 100),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 160, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 160, 1),
            ("prod", "CycleTime", 160, 100),
            # The start of the rollback marks the release as failed.
            ("prod", "FailedChanges", 200, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 160, [60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 160, 1),
            ("prod", "RestoreTime", 209, 9),
        ],
    ),
    "a run that is superseded while it waits": (
        [
            GOOD,
            run("b", 100, PASSED[:4], (40, "Superseded"), committed=95),
            run("c", 110, PASSED, (60, "Succeeded"), committed=105),
        ],
        [
            ("pipeline", "CycleTime", 170, 110),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 170, 1),
            ("pipeline", "Superseded", 112, 1),
            # One release with both commits; a superseded run is not a failure.
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 170, 1),
            ("prod", "CycleTime", 170, 110),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 170, [75, 65]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 170, 1),
        ],
    ),
    "a run that is stopped in the middle of prod": (
        [run("a", 0, [*PASSED[:5], ("Prod", "Deploy", 31, 35, "Abandoned")], (35, "Stopped"))],
        [("pipeline", "Stopped", 35, 1)],
    ),
    "an approval that is rejected": (
        [run("a", 0, [*PASSED[:4], ("ProdApproval", "Approve", 12, 20, "Failed")], (20, "Failed"))],
        # A rejection is not a failure, and prod is unchanged.
        [],
    ),
    "prod fails, and the stage is run again": (
        [
            run(
                "a",
                0,
                [
                    *PROD_FAILED,
                    ("Prod", "IntegrationTests", 70, 74, "Succeeded"),
                    ("Prod", "Bake", 74, 90, "Succeeded"),
                ],
                (45, "Failed"),
                (70, "InProgress"),
                (90, "Succeeded"),
            )
        ],
        [
            ("pipeline", "Failures", 45, 1),
            ("pipeline", "FeedbackTime", 45, 45),
            ("pipeline", "RestoreTime", 90, 45),
            ("pipeline", "Successes", 90, 1),
            # One change, which failed at first and was released.
            ("prod", "Changes", 45, 1),
            ("prod", "FailedChanges", 45, 1),
            ("prod", "LeadTime", 90, [90]),
            ("prod", "Releases", 90, 1),
            ("prod", "RestoreTime", 90, 45),
        ],
    ),
    "the same commit, delivered again": (
        [GOOD, run("b", 100, PASSED, (60, "Succeeded"), commit="a")],
        [
            ("pipeline", "CycleTime", 160, 100),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 160, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 160, 1),
            ("prod", "CycleTime", 160, 100),
            # The commit was in prod before, so it has no lead time.
            ("prod", "LeadTime", 60, [90]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 160, 1),
        ],
    ),
    "a commit whose author's clock is fast": (
        [run("a", 0, PASSED, (60, "Succeeded"), committed=75)],
        [
            ("pipeline", "Successes", 60, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "LeadTime", 60, [0]),
            ("prod", "Releases", 60, 1),
        ],
    ),
}
RUNS = {name: runs for name, (runs, _) in RECORDED.items()}


def events_of(runs: Iterable[Run]) -> list[tuple[int, Mapping[str, str]]]:
    """Return the runs as CodePipeline lists them."""
    return sorted((event for one in runs for event in one.events()), key=lambda event: event[0])


def published_lines(
    runs: Sequence[Run],
    events: Iterable[tuple[int, Mapping[str, str]]],
    *,
    published: PublishedFigures | None = None,
) -> list[dict[str, Any]]:
    """Return the published lines after the events, which arrive in this order."""
    api, published = CodePipeline(runs, minute=0), published or PublishedFigures(DynamoDB(), "table")
    out = io.StringIO()
    # pytest's capture does not separate the examples of a property.
    with contextlib.redirect_stdout(out):
        for minute, detail in events:
            api.minute = max(api.minute, minute)
            publish(detail, api, published, ENVIRONMENTS, now=moment(api.minute))
    return [json.loads(text) for text in out.getvalue().splitlines()]


def metrics(lines: Iterable[Mapping[str, Any]]) -> Told:
    """Return every published value, as the tables above have them."""
    found: Told = []
    for line in lines:
        [directive] = line["_aws"]["CloudWatchMetrics"]
        minute = round((line["_aws"]["Timestamp"] / 1000 - NOON.timestamp()) / 60)
        [names] = directive["Dimensions"]
        of = "/".join(line[name] for name in names if name != "Pipeline") or "pipeline"
        for metric in directive["Metrics"]:
            value = line[metric["Name"]]
            if metric["Unit"] == "Seconds":
                value = [one / 60 for one in value] if isinstance(value, list) else value / 60
            found.append((of, metric["Name"], minute, value))
    return sorted(found, key=str)


@pytest.mark.parametrize("case", RECORDED)
def test_prod_and_the_pipeline(case: str) -> None:
    runs, expected = RECORDED[case]
    found = metrics(published_lines(runs, events_of(runs)))
    assert [row for row in found if row[0] in ("pipeline", "prod") and row[1] != "ReleasedAt"] == sorted(
        expected, key=str
    )


def test_every_stage_and_action_of_a_run() -> None:
    found = metrics(published_lines([GOOD], events_of([GOOD])))
    assert [row for row in found if row[0] not in ("pipeline", "prod", "dev")] == sorted(
        [
            ("Source/Source", "Duration", 1, 1),
            ("Source", "Duration", 1, 1),
            ("Source", "QueueTime", 0, 0),
            ("Build/Synth", "Duration", 5, 4),
            ("Build", "Duration", 5, 4),
            ("Build", "QueueTime", 1, 0),
            ("Dev/Deploy", "Duration", 9, 4),
            ("Dev/IntegrationTests", "Duration", 12, 3),
            ("Dev", "Duration", 12, 7),
            ("Dev", "QueueTime", 5, 0),
            ("ProdApproval/Approve", "Duration", 30, 18),
            ("ProdApproval", "Duration", 30, 18),
            ("ProdApproval", "QueueTime", 12, 0),
            ("Prod/Deploy", "Duration", 40, 9),
            ("Prod/IntegrationTests", "Duration", 44, 4),
            ("Prod/Bake", "Duration", 60, 16),
            ("Prod", "Duration", 60, 29),
            # It waited a minute before it entered the stage.
            ("Prod", "QueueTime", 31, 1),
        ],
        key=str,
    )


@pytest.mark.parametrize(
    ("case", "of", "metric", "minutes"),
    [
        ("a build that fails, then its fix", "Build", "Failures", [104]),
        ("a build that fails, then its fix", "Build/Synth", "Failures", [104]),
        ("prod fails, and the stage is run again", "Prod", "Failures", [45]),
        ("prod fails, and the stage is run again", "Prod", "Duration", [45, 90]),
        ("prod fails, and the stage is run again", "Prod/IntegrationTests", "Duration", [45, 74]),
        ("an approval that is rejected", "ProdApproval/Approve", "Rejections", [20]),
        ("an approval that is rejected", "ProdApproval/Approve", "Failures", []),
        ("an approval that is rejected", "ProdApproval", "Failures", []),
        ("a run that is stopped in the middle of prod", "Prod/Deploy", "Failures", []),
        ("a run that is stopped in the middle of prod", "Prod/Deploy", "Duration", [35]),
        ("a run that is superseded while it waits", "dev", "Releases", [12, 112, 122]),
    ],
)
def test_where_it_went_wrong(case: str, of: str, metric: str, minutes: list[int]) -> None:
    runs = RUNS[case]
    found = metrics(published_lines(runs, events_of(runs)))
    assert sorted(row[2] for row in found if row[:2] == (of, metric)) == minutes


@pytest.mark.parametrize("case", RECORDED)
@given(shuffle=st.randoms(use_true_random=False), times=st.integers(min_value=1, max_value=3))
@settings(max_examples=8, deadline=None)
def test_order_and_repetition_of_events_change_nothing(case: str, shuffle: random.Random, times: int) -> None:
    runs = RUNS[case]
    in_order = events_of(runs)
    disturbed = in_order * times
    shuffle.shuffle(disturbed)
    assert metrics(published_lines(runs, disturbed)) == metrics(published_lines(runs, in_order))


@pytest.mark.parametrize("case", RECORDED)
def test_an_event_that_is_lost_is_made_good_by_the_next_of_its_run(case: str) -> None:
    runs = RUNS[case]
    in_order = events_of(runs)
    last = {detail["execution-id"]: (minute, detail) for minute, detail in in_order}
    assert metrics(published_lines(runs, last.values())) == metrics(published_lines(runs, in_order))


def test_a_figure_is_told_once_whoever_asks_at_the_same_time() -> None:
    table = DynamoDB()

    class Racing(PublishedFigures):
        """Reads before the other one has written."""

        @override
        def names_of(self, execution_id: str) -> set[str]:
            return set()

    lines = [
        published_lines([GOOD], events_of([GOOD])[-1:], published=kind(table, "table"))
        for kind in (PublishedFigures, Racing)
    ]
    assert len(lines[0]) > 20
    assert lines[1] == []


def test_a_commit_is_brought_once() -> None:
    runs = [
        run("a", 0, BUILD_FAILED, (4, "Failed")),
        run("b", 100, PASSED[:4], (40, "Superseded")),
        run("c", 110, PASSED, (60, "Succeeded")),
    ]
    found = metrics(published_lines(runs, events_of(runs)))
    assert [row[2:] for row in found if row[:2] == ("dev", "LeadTime")] == [(112, [112, 12]), (122, [12])]


def test_history_that_is_behind_the_event_is_asked_again() -> None:
    [*_, (_, over)] = events_of([GOOD])
    with pytest.raises(NotYetKnownError, match="lists execution a as InProgress, the event as SUCCEEDED"):
        publish(over, CodePipeline([GOOD], minute=59), PublishedFigures(DynamoDB(), "table"), ENVIRONMENTS, now=NOON)


def test_what_is_too_old_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    newer = [run(f"n{number}", 100 + number, PASSED[:1]) for number in range(100)]
    publish(
        {"pipeline": "p", "execution-id": "a", "state": "SUCCEEDED"},
        CodePipeline([GOOD, *newer]),
        PublishedFigures(DynamoDB(), "table"),
        ENVIRONMENTS,
        now=NOON,
    )
    assert capsys.readouterr().out == "execution a is not among the last 100: nothing published\n"


def test_no_further_back_is_read_than_to_the_last_release() -> None:
    runs = [run(str(number), 100 * number, PASSED, (60, "Succeeded")) for number in range(9)]
    assert [one.id for one in read(CodePipeline(runs), "p", "8", ENVIRONMENTS)] == ["7", "8"]


def test_a_release_says_what_it_is_and_since_when_it_is_there() -> None:
    [release] = [line for line in published_lines([GOOD], events_of([GOOD])) if line["figure"] == "release/prod"]
    assert {key: release[key] for key in ("Pipeline", "Environment", "time", "commit", "title", "execution")} == {
        "Pipeline": "p",
        "Environment": "prod",
        "time": "2026-11-25T13:00:00+00:00",
        "commit": "a",
        "title": "Change a",
        "execution": "a",
    }
    assert release["ReleasedAt"] == moment(60).timestamp()
    assert release["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "YAWLDelivery",
            "Dimensions": [["Pipeline", "Environment"]],
            "Metrics": [
                {"Name": "Releases", "Unit": "Count"},
                {"Name": "ReleasedAt", "Unit": "Seconds"},
                {"Name": "LeadTime", "Unit": "Seconds"},
            ],
        }
    ]


def test_a_rollback_says_what_it_goes_back_to() -> None:
    runs = RUNS["prod's tests fail, and the stage is rolled back"]
    [restored] = [line for line in published_lines(runs, events_of(runs)) if line["figure"] == "restored/prod"]
    assert (restored["execution"], restored["commit"], restored["title"]) == ("r", "a", "Change a")


def test_the_table_forgets_after_codepipeline_has() -> None:
    table = DynamoDB()
    published_lines([GOOD], events_of([GOOD]), published=PublishedFigures(table, "table"))
    kept = {int(item["expires"]["N"]) for item in table.items.values()}
    assert min(kept) - moment(1).timestamp() >= timedelta(days=366).total_seconds()


def test_environments_are_read_from_their_last_action() -> None:
    half = run("a", 0, PASSED[:7])
    [execution] = read(CodePipeline([half]), "p", "a", ENVIRONMENTS)
    assert Environment(name="prod", stage="Prod", last_action="Bake").released_by(execution) is None
    assert Environment(name="dev", stage="Dev", last_action="IntegrationTests").released_by(execution) == moment(12)
