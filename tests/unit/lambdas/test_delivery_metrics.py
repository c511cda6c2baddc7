"""Compares the metrics of recorded pipeline runs with figures calculated by hand."""

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from lambdas.delivery_metrics.handler import NotYetKnownError, publish
from lambdas.delivery_metrics.history import Environment, read
from lambdas.delivery_metrics.incidents import Incident
from lambdas.delivery_metrics.published_figures import PublishedFigures
from tests.unit.recorded_runs import ENVIRONMENTS, NOON, PASSED, CodePipeline, DynamoDB, Run, moment, run

Told = list[tuple[str, str, int, Any]]
"""Dimension, metric, minute after noon, and value; durations in minutes."""

BUILD_FAILED = [*PASSED[:1], ("Build", "Synth", 1, 4, "Failed")]
PROD_FAILED = [*PASSED[:6], ("Prod", "IntegrationTests", 40, 45, "Failed")]
GOOD = run("a", 0, PASSED, (60, "Succeeded"), committed=-30)
ROLLED_BACK = [("Prod", "Deploy", 0, 6, "Succeeded"), ("Prod", "Bake", 6, 9, "Succeeded")]
ROLLBACK_TO_A = run("r", 200, ROLLED_BACK, (9, "Succeeded"), commit="a", rolls_back_to="a")
DAY = 24 * 60

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
            ("prod", "Rollbacks", 155, 1),
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
            # The rollback marks the release as failed; it counts when the release was made.
            ("prod", "FailedChanges", 160, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 160, [60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 160, 1),
            ("prod", "RestoreTime", 209, 9),
            ("prod", "Rollbacks", 209, 1),
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
    "a run that is stopped in prod's bake and then rolled back": (
        [
            GOOD,
            run("b", 100, [*PASSED[:7], ("Prod", "Bake", 44, 50, "Abandoned")], (50, "Stopped"), committed=90),
            ROLLBACK_TO_A,
        ],
        [
            ("pipeline", "Stopped", 150, 1),
            ("pipeline", "Successes", 60, 1),
            ("prod", "Changes", 60, 1),
            # It had reached prod, and somebody took it back: a change, and a failed one.
            ("prod", "Changes", 200, 1),
            ("prod", "FailedChanges", 200, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "Releases", 60, 1),
            ("prod", "RestoreTime", 209, 9),
            ("prod", "Rollbacks", 209, 1),
        ],
    ),
    "a release that is rolled back after a week": (
        [
            GOOD,
            run("b", 100, PASSED, (60, "Succeeded")),
            run("r", 160 + 7 * DAY, ROLLED_BACK, (9, "Succeeded"), commit="a", rolls_back_to="a"),
        ],
        [
            ("pipeline", "CycleTime", 160, 100),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 160, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 160, 1),
            ("prod", "CycleTime", 160, 100),
            # In the week of the change, so that no week has more failed changes than changes.
            ("prod", "FailedChanges", 160, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 160, [60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 160, 1),
            ("prod", "RestoreTime", 169 + 7 * DAY, 9),
            ("prod", "Rollbacks", 169 + 7 * DAY, 1),
        ],
    ),
    "two rollbacks, one after the other": (
        [
            GOOD,
            run("b", 100, PASSED, (60, "Succeeded"), committed=100),
            run("c", 200, PASSED, (60, "Succeeded"), committed=200),
            run("r", 300, ROLLED_BACK, (9, "Succeeded"), commit="b", rolls_back_to="b"),
            run("s", 320, ROLLED_BACK, (9, "Succeeded"), commit="a", rolls_back_to="a"),
        ],
        [
            ("pipeline", "CycleTime", 160, 100),
            ("pipeline", "CycleTime", 260, 100),
            ("pipeline", "Successes", 60, 1),
            ("pipeline", "Successes", 160, 1),
            ("pipeline", "Successes", 260, 1),
            ("prod", "Changes", 60, 1),
            ("prod", "Changes", 160, 1),
            ("prod", "Changes", 260, 1),
            ("prod", "CycleTime", 160, 100),
            ("prod", "CycleTime", 260, 100),
            # The second rollback takes back what the first one had returned to.
            ("prod", "FailedChanges", 160, 1),
            ("prod", "FailedChanges", 260, 1),
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 160, [60]),
            ("prod", "LeadTime", 260, [60]),
            ("prod", "Releases", 60, 1),
            ("prod", "Releases", 160, 1),
            ("prod", "Releases", 260, 1),
            ("prod", "RestoreTime", 309, 9),
            ("prod", "RestoreTime", 329, 9),
            ("prod", "Rollbacks", 309, 1),
            ("prod", "Rollbacks", 329, 1),
        ],
    ),
    "a run that is stopped and then resumed": (
        [
            run(
                "a",
                0,
                [
                    *PASSED[:7],
                    ("Prod", "Bake", 44, 50, "Abandoned"),
                    ("Prod", "Bake", 70, 86, "Succeeded"),
                ],
                (50, "Stopped"),
                (70, "InProgress"),
                (86, "Succeeded"),
            )
        ],
        [
            ("pipeline", "Stopped", 50, 1),
            ("pipeline", "Successes", 86, 1),
            ("prod", "Changes", 86, 1),
            ("prod", "LeadTime", 86, [86]),
            ("prod", "Releases", 86, 1),
        ],
    ),
    "an older commit, released after newer ones": (
        [
            GOOD,
            run("b", 100, PASSED, (60, "Succeeded"), committed=100),
            run("c", 200, PASSED, (60, "Succeeded"), committed=200),
            run("d", 300, PASSED, (60, "Succeeded"), committed=-30, commit="a"),
            run("e", 400, PASSED, (60, "Succeeded"), committed=100, commit="b"),
        ],
        [
            *(("pipeline", "CycleTime", minute, 100) for minute in (160, 260, 360, 460)),
            *(("pipeline", "Successes", minute, 1) for minute in (60, 160, 260, 360, 460)),
            *(("prod", "Changes", minute, 1) for minute in (60, 160, 260, 360, 460)),
            *(("prod", "CycleTime", minute, 100) for minute in (160, 260, 360, 460)),
            # The last two releases bring commits whose lead times have been counted.
            ("prod", "LeadTime", 60, [90]),
            ("prod", "LeadTime", 160, [60]),
            ("prod", "LeadTime", 260, [60]),
            *(("prod", "Releases", minute, 1) for minute in (60, 160, 260, 360, 460)),
        ],
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
    incidents: Sequence[Incident] = (),
    environments: Sequence[Environment] = ENVIRONMENTS,
    lag: float = 0,
    delay: float = 0,
) -> list[dict[str, Any]]:
    """Return the published lines after the events, which arrive in this order and `delay` minutes late.

    The history is `lag` minutes behind. An event without a detail is the daily run.
    """
    api, published = CodePipeline(runs, minute=0), published or PublishedFigures(DynamoDB(), "table")
    out = io.StringIO()
    latest = 0.0
    # pytest's capture does not separate the examples of a property.
    with contextlib.redirect_stdout(out):
        for minute, detail in events:
            latest = max(latest, minute + delay)
            api.minute = latest - lag
            known = [known_at(moment(latest), one) for one in incidents if one.start <= moment(latest)]
            event = {"time": moment(minute).isoformat(), **({"detail": detail} if detail else {})}
            with contextlib.suppress(NotYetKnownError):
                publish(
                    event,
                    api,
                    published,
                    environments,
                    pipeline="p",
                    region="eu-west-1",
                    incidents=known.copy,
                    now=moment(latest),
                )
    return [json.loads(text) for text in out.getvalue().splitlines()]


def known_at(now: datetime, incident: Incident) -> Incident:
    return replace(incident, end=None) if incident.end and incident.end > now else incident


def metrics(lines: Iterable[Mapping[str, Any]]) -> Told:
    """Return every published value, as the tables above have them."""
    found: Told = []
    for line in lines:
        if "_aws" not in line:
            continue
        [directive] = line["_aws"]["CloudWatchMetrics"]
        minute = round((line["_aws"]["Timestamp"] / 1000 - NOON.timestamp()) / 60)
        [names] = directive["Dimensions"]
        of = "/".join(line[name] for name in names if name != "Pipeline") or "pipeline"
        for metric in directive["Metrics"]:
            value = line[metric["Name"]]
            found.append((of, metric["Name"], minute, value / 60 if metric["Unit"] == "Seconds" else value))
    return sorted(found, key=str)


def of_prod_and_the_pipeline(found: Told) -> Told:
    return [row for row in found if row[0] in ("pipeline", "prod") and row[1] != "ReleasedAt"]


def single(expected: Told) -> Told:
    """Return a row for each of several values."""
    rows = [
        (of, metric, minute, one)
        for of, metric, minute, value in expected
        for one in (value if isinstance(value, list) else [value])
    ]
    return sorted(rows, key=str)


@pytest.mark.parametrize("case", RECORDED)
def test_figures_of_prod_and_the_pipeline(case: str) -> None:
    runs, expected = RECORDED[case]
    found = metrics(published_lines(runs, events_of(runs)))
    assert of_prod_and_the_pipeline(found) == single(expected)


def test_durations_of_stages_and_actions() -> None:
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
            # The phases of the 90 minutes from the commit.
            ("prod/Before the run", "PhaseTime", 60, 30),
            ("prod/Build", "PhaseTime", 60, 5),
            ("prod/Dev", "PhaseTime", 60, 7),
            ("prod/Approval", "PhaseTime", 60, 18),
            ("prod/Prod", "PhaseTime", 60, 30),
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
def test_failed_stage_and_action(case: str, of: str, metric: str, minutes: list[int]) -> None:
    runs = RUNS[case]
    found = metrics(published_lines(runs, events_of(runs)))
    assert sorted(row[2] for row in found if row[:2] == (of, metric)) == minutes


@cache
def undisturbed(case: str) -> Told:
    """Return what is published when each event of a sequence comes once, in order."""
    return metrics(published_lines(RUNS[case], events_of(RUNS[case])))


Events = list[tuple[int, Mapping[str, str]]]

DAILY: tuple[int, Mapping[str, str]] = (8 * DAY, {})
"""The daily run, which knows nothing but the history. Late enough for every sequence."""


@st.composite
def disturbances(draw: st.DrawFn) -> tuple[Callable[[Events], Events], int, int]:
    """Draw what happens to events: each is lost or comes up to three times, in any order; and lag and delay."""
    shuffle = draw(st.randoms(use_true_random=False))
    most = draw(st.integers(min_value=0, max_value=3))

    def disturb(events: Events) -> Events:
        found = [event for event in events for _ in range(shuffle.randint(0, most))]
        shuffle.shuffle(found)
        return found

    return disturb, draw(st.integers(min_value=0, max_value=90)), draw(st.integers(min_value=0, max_value=DAY))


@pytest.mark.parametrize("case", RECORDED)
def test_daily_run_makes_up_for_all_events_but_one(case: str) -> None:
    runs = RUNS[case]
    for event in events_of(runs):
        assert metrics(published_lines(runs, [event, DAILY])) == undisturbed(case), event


@pytest.mark.parametrize("case", RECORDED)
@given(disturbance=disturbances())
@settings(max_examples=8, deadline=None)
def test_whatever_happens_to_events_one_later_event_makes_up_for_it(
    case: str, disturbance: tuple[Callable[[Events], Events], int, int]
) -> None:
    runs, disturb = RUNS[case], disturbance[0]
    _, lag, delay = disturbance
    table = PublishedFigures(DynamoDB(), "table")
    lines = published_lines(runs, disturb(events_of(runs)), published=table, lag=lag, delay=delay)
    lines += published_lines(runs, [DAILY], published=table)
    assert metrics(lines) == undisturbed(case)


@pytest.mark.parametrize("case", RECORDED)
def test_event_of_any_later_run_makes_up_for_lost_ones(case: str) -> None:
    later = run("z", 8 * DAY, PASSED[:1], (1, "Failed"))
    runs = [*RUNS[case], later]
    found = metrics(published_lines(runs, events_of([later])))
    assert found == metrics(published_lines(runs, events_of(runs)))


def test_run_of_an_event_is_looked_at_however_old_it_is() -> None:
    again = [("Prod", "IntegrationTests", 270, 274, "Succeeded"), ("Prod", "Bake", 274, 290, "Succeeded")]
    retried = run("b", 100, [*PROD_FAILED, *again], (45, "Failed"), (270, "InProgress"), (290, "Succeeded"))
    runs = [GOOD, retried, run("c", 200, PASSED, (60, "Succeeded"))]
    lines = published_lines(runs, events_of(runs))
    assert rows_of(lines, "Releases", "LeadTime") == [
        ("LeadTime", 60, 90),
        ("LeadTime", 260, 60),
        # The newer release had brought its commit.
        ("LeadTime", 260, 160),
        ("Releases", 60, 1),
        ("Releases", 260, 1),
        ("Releases", 390, 1),
    ]


def test_weeks_without_any_event_are_made_up_for() -> None:
    runs = [run(f"n{number}", 100 * number, PASSED, (60, "Succeeded")) for number in range(180)]
    found = published_lines(runs, events_of(runs[-1:]))
    assert sum(line["figure"] == "release/prod" for line in found) == 180


def test_no_more_is_read_than_figures_depend_on() -> None:
    runs = [run(str(number), 100 * number, PASSED, (60, "Succeeded")) for number in range(9)]
    table = PublishedFigures(DynamoDB(), "table")
    published_lines(runs[:8], events_of(runs[:8]), published=table)
    api = CodePipeline(runs)
    read(api, "p", ENVIRONMENTS, settled_until=table.settled_until, execution_id="8")
    # The new one, the last release, in case that it lacks a figure, and the one before it.
    assert api.read == ["8", "7", "6"]


def test_history_is_read_page_by_page_until_the_last_release() -> None:
    rejected = [run(f"n{number}", 100 + number, PASSED[:4], (12, "Failed")) for number in range(150)]
    last = run("z", 400, PASSED, (60, "Succeeded"))
    runs = [GOOD, *rejected, last]
    found = metrics(published_lines(runs, events_of(runs)[-1:]))
    assert len([row for row in found if row[:2] == ("prod", "LeadTime")]) == 152
    assert [row[3] for row in found if row[:2] == ("prod", "CycleTime")] == [400]


@pytest.mark.parametrize(
    ("minute", "detail", "known_at", "is_ahead"),
    [
        # The event of the whole run, when the history has it in progress, and a minute later.
        (60, {"state": "SUCCEEDED"}, 59, True),
        (60, {"state": "SUCCEEDED"}, 60, False),
        # A stage's, when the history has its last action in progress.
        (12, {"stage": "Dev", "state": "SUCCEEDED"}, 11, True),
        (12, {"stage": "Dev", "state": "SUCCEEDED"}, 12, False),
        # A run that the history does not have at all.
        (1, {"stage": "Source", "state": "SUCCEEDED"}, -1, True),
        # A stage that has been retried since.
        (5, {"stage": "Dev", "state": "FAILED"}, 11, False),
    ],
)
def test_history_that_is_behind_an_event_is_read_again(
    minute: int, detail: Mapping[str, str], known_at: int, is_ahead: bool
) -> None:
    event = {"time": moment(minute).isoformat(), "detail": {"pipeline": "p", "execution-id": "a", **detail}}
    ahead = pytest.raises(NotYetKnownError, match="history does not show") if is_ahead else contextlib.nullcontext()
    with ahead:
        publish(
            event,
            CodePipeline([GOOD], minute=known_at),
            PublishedFigures(DynamoDB(), "table"),
            ENVIRONMENTS,
            pipeline="p",
            region="eu-west-1",
            now=moment(minute + 1),
            incidents=list[Incident],
        )


def test_event_of_a_run_that_nobody_knows_any_more_is_not_repeated_for_ever() -> None:
    event = {"time": moment(0).isoformat(), "detail": {"pipeline": "p", "execution-id": "gone", "state": "FAILED"}}
    table = PublishedFigures(DynamoDB(), "table")
    publish(
        event,
        CodePipeline([GOOD]),
        table,
        ENVIRONMENTS,
        pipeline="p",
        region="eu-west-1",
        now=moment(120),
        incidents=list[Incident],
    )


def test_no_alarms_are_read_before_prod_has_a_release() -> None:
    def refuse() -> list[Incident]:
        raise AssertionError("prod's reader role does not exist yet")

    publish(
        {"time": moment(30).isoformat()},
        CodePipeline([GOOD], minute=30),
        PublishedFigures(DynamoDB(), "table"),
        ENVIRONMENTS,
        pipeline="p",
        region="eu-west-1",
        now=moment(30),
        incidents=refuse,
    )


def test_concurrent_events_publish_a_figure_once() -> None:
    table = DynamoDB()

    class Racing(PublishedFigures):
        """Reads before the other one has written."""

        @override
        def names_of(self, subject: str) -> set[str]:
            return set()

    lines = [
        published_lines([GOOD], events_of([GOOD])[-1:], published=kind(table, "table"))
        for kind in (PublishedFigures, Racing)
    ]
    assert len(lines[0]) > 20
    assert lines[1] == []


def test_what_is_too_old_for_cloudwatch_is_not_claimed() -> None:
    assert published_lines([GOOD], [(15 * DAY, {})]) == []


def test_lead_time_of_a_commit_is_counted_once() -> None:
    runs = [
        run("a", 0, BUILD_FAILED, (4, "Failed")),
        run("b", 100, PASSED[:4], (40, "Superseded")),
        run("c", 110, PASSED, (60, "Succeeded")),
    ]
    found = metrics(published_lines(runs, events_of(runs)))
    assert [row[2:] for row in found if row[:2] == ("dev", "LeadTime")] == [(112, 112), (112, 12), (122, 12)]


def test_release_line_has_commit_and_time() -> None:
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
            ],
        }
    ]


def test_rollback_line_has_the_restored_commit() -> None:
    runs = RUNS["prod's tests fail, and the stage is rolled back"]
    [restored] = [line for line in published_lines(runs, events_of(runs)) if line["figure"] == "restored/prod"]
    assert (restored["execution"], restored["commit"], restored["title"]) == ("r", "a", "Change a")


def test_table_entries_outlive_the_pipeline_history() -> None:
    table = DynamoDB()
    published_lines([GOOD], events_of([GOOD]), published=PublishedFigures(table, "table"))
    kept = {int(item["expires"]["N"]) for item in table.items.values() if "until" not in item}
    assert min(kept) - moment(1).timestamp() >= timedelta(days=366).total_seconds()


def test_line_leads_to_its_run() -> None:
    [release] = [line for line in published_lines([GOOD], events_of([GOOD])) if line["figure"] == "release/prod"]
    assert release["run"] == (
        "https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/p/executions/a/timeline"
        "?region=eu-west-1"
    )


RUNNING = [
    ("a success", ["a passed"]),
    ("prod's tests fail, and the stage is rolled back", ["a passed", "b failed", "a rollback passed"]),
    ("somebody rolls a release back that had passed", ["a passed", "b passed", "a rollback passed"]),
    ("a run that is stopped in the middle of prod", ["a stopped"]),
    ("prod fails, and the stage is run again", ["a failed", "a passed"]),
    ("a build that fails, then its fix", ["a passed", "c passed"]),
]


@pytest.mark.parametrize(("case", "expected"), RUNNING)
def test_log_tells_what_runs_in_prod(case: str, expected: list[str]) -> None:
    lines = published_lines(RUNS[case], events_of(RUNS[case]))
    received = [line for line in lines if line["figure"].startswith("running/") and line["Environment"] == "prod"]
    assert [f"{line['commit']} {line['result']}" for line in received] == expected
    assert {line["stage"] for line in received} == {"Prod"}


def rows_of(lines: Iterable[Mapping[str, Any]], *names: str) -> list[tuple[str, int, Any]]:
    """Return prod's values of some metrics: name, minute and value."""
    return sorted((name, minute, value) for of, name, minute, value in metrics(lines) if of == "prod" and name in names)


FAILURES = ("Changes", "FailedChanges", "RestoreTime")
RELEASED = [("Changes", 60, 1)]
# When alarms were in ALARM, in minutes after noon, the runs, and prod's changes.
INCIDENTS: dict[str, tuple[Sequence[Run], list[tuple[int, int | None]], list[tuple[str, int, Any]]]] = {
    "soon after a release": (
        [GOOD],
        [(90, 110)],
        [*RELEASED, ("FailedChanges", 60, 1), ("RestoreTime", 110, 20)],
    ),
    "that lasts": ([GOOD], [(90, None)], [*RELEASED, ("FailedChanges", 60, 1)]),
    "that the next release ends": (
        [GOOD, run("b", 100, PASSED, (60, "Succeeded"))],
        [(90, 170)],
        [*RELEASED, ("Changes", 160, 1), ("FailedChanges", 60, 1), ("RestoreTime", 160, 70)],
    ),
    "that a rollback ends": (
        [GOOD, run("b", 100, PASSED, (60, "Succeeded")), ROLLBACK_TO_A],
        [(190, 212)],
        [*RELEASED, ("Changes", 160, 1), ("FailedChanges", 160, 1), ("RestoreTime", 209, 19)],
    ),
    "twice after one release": (
        [GOOD],
        [(90, 110), (200, 230)],
        # One failed change, repaired twice.
        [*RELEASED, ("FailedChanges", 60, 1), ("RestoreTime", 110, 20), ("RestoreTime", 230, 30)],
    ),
    "a day after the release": ([GOOD], [(60 + DAY + 1, 60 + DAY + 9)], RELEASED),
    "before any release": ([GOOD], [(10, 20)], RELEASED),
    # For the tests and the bake to judge.
    "during a deployment": (
        [GOOD, run("b", 100, PASSED, (60, "Succeeded"))],
        [(135, 139)],
        [*RELEASED, ("Changes", 160, 1)],
    ),
    # No release is to blame.
    "after a rollback": (
        [GOOD, run("b", 100, PROD_FAILED, (45, "Failed")), ROLLBACK_TO_A],
        [(300, 320)],
        [*RELEASED, ("Changes", 145, 1), ("FailedChanges", 145, 1), ("RestoreTime", 209, 64)],
    ),
}


@pytest.mark.parametrize("case", INCIDENTS)
def test_incident(case: str) -> None:
    runs, times, expected = INCIDENTS[case]
    incidents = [
        Incident(alarm="yawl-prod-error-rate", start=moment(start), end=None if end is None else moment(end))
        for start, end in times
    ]
    lines = published_lines(runs, [*events_of(runs), DAILY], incidents=incidents)
    assert rows_of(lines, *FAILURES) == sorted(expected)
    reasons = [line["because"] for line in lines if line["figure"] == "failed-change/prod"]
    assert all("alarm yawl-prod-error-rate" in one or "deployment failed" in one for one in reasons)


# Prod in two regions, one after the other, and in a third beside the second.
WAVES = Environment(
    name="prod",
    stages={"Prod": ["Bake"], "ProdWave2": ["eu-west-1.Bake", "us-west-2.Bake"]},
    entry=["ProdApproval"],
)
SECOND_WAVE = [
    ("ProdWave2", "eu-west-1.Bake", 60, 80, "Succeeded"),
    ("ProdWave2", "us-west-2.Bake", 60, 90, "Succeeded"),
]
ONE_FAILS = [("ProdWave2", "eu-west-1.Bake", 60, 80, "Succeeded"), ("ProdWave2", "us-west-2.Bake", 60, 75, "Failed")]
WAVE_RUNS: dict[str, tuple[Sequence[Run], list[tuple[str, int, Any]]]] = {
    "all pass": (
        [run("a", 0, [*PASSED, *SECOND_WAVE], (90, "Succeeded"))],
        [("Changes", 90, 1), ("LeadTime", 90, 90), ("Releases", 90, 1)],
    ),
    "only the first wave passes": (
        [run("a", 0, [*PASSED, *ONE_FAILS], (80, "Failed"))],
        [("Changes", 75, 1), ("FailedChanges", 75, 1)],
    ),
    "the second wave is rolled back": (
        [
            run("a", 0, [*PASSED, *SECOND_WAVE], (90, "Succeeded")),
            run("b", 100, [*PASSED, *ONE_FAILS], (80, "Failed")),
            run("r", 181, [(stage, name, 0, 5, "Succeeded") for stage, name, *_ in SECOND_WAVE], (5, "Succeeded"),
                commit="a", rolls_back_to="a"),
        ],
        [
            ("Changes", 90, 1), ("Changes", 175, 1), ("FailedChanges", 175, 1), ("LeadTime", 90, 90),
            ("Releases", 90, 1), ("RestoreTime", 186, 11), ("Rollbacks", 186, 1),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WAVE_RUNS)
def test_environment_has_a_release_when_it_is_in_all_of_its_regions(case: str) -> None:
    runs, expected = WAVE_RUNS[case]
    lines = published_lines(runs, [*events_of(runs), DAILY], environments=[ENVIRONMENTS[0], WAVES])
    names = {"Changes", "FailedChanges", "LeadTime", "Releases", "RestoreTime", "Rollbacks"}
    assert rows_of(lines, *names) == sorted(expected)


def test_what_runs_is_told_for_each_wave() -> None:
    runs, _ = WAVE_RUNS["the second wave is rolled back"]
    lines = published_lines(runs, [*events_of(runs), DAILY], environments=[ENVIRONMENTS[0], WAVES])
    received = [line for line in lines if line["figure"].startswith("running/") and line["Environment"] == "prod"]
    latest = {line["stage"]: (line["commit"], line["result"]) for line in received}
    assert latest == {"Prod": ("b", "passed"), "ProdWave2": ("a", "rollback passed")}
