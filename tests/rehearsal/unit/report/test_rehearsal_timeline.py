"""The critical path of a rehearsal, its waiting and its parallelism."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.report.timeline import Span, critical_path, idle_seconds, parallelism, waits

MOMENTS = st.integers(0, 50).map(float)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=12).map(
    lambda pairs: [Span(str(number), min(pair), max(pair)) for number, pair in enumerate(pairs)]
)

# A source, two stacks side by side, tests that begin after a pause.
DELIVERY = [Span("source", 0, 2), Span("network", 2, 5), Span("storage", 2, 9), Span("tests", 10, 14)]


def names(path: list[Span]) -> list[str]:
    return [span.key for span in path]


def test_slower_action_is_on_the_critical_path() -> None:
    path = critical_path(DELIVERY)
    assert names(path) == ["source", "storage", "tests"]
    assert sum(span.seconds for span in path) == 13
    assert idle_seconds(path) == 1


def test_action_waits_for_the_slowest_parallel_action() -> None:
    assert waits([DELIVERY[:1], DELIVERY[1:3], DELIVERY[3:]]) == {"source": 0, "network": 4, "storage": 0, "tests": 0}


def test_sequential_actions_are_not_parallel() -> None:
    assert parallelism(DELIVERY) == 2
    assert parallelism([Span("a", 0, 1), Span("b", 1, 2)]) == 1


def test_empty_timeline() -> None:
    assert critical_path([]) == []
    assert (idle_seconds([]), parallelism([]), waits([[]])) == (0, 0, {})


@settings(max_examples=50)
@given(SPANS)
def test_critical_path_is_contiguous(spans: list[Span]) -> None:
    path = critical_path(spans)
    assert len(set(names(path))) == len(path)
    assert bool(path) is bool(spans)
    assert all(later.start >= earlier.end for earlier, later in pairwise(path))
    if path:
        assert path[-1].end == max(span.end for span in spans)
        assert not any(span.end <= path[0].start and span not in path for span in spans)


@settings(max_examples=50)
@given(SPANS)
def test_critical_path_and_idle_time_add_up(spans: list[Span]) -> None:
    path = critical_path(spans)
    if path:
        length = sum(span.seconds for span in path)
        assert idle_seconds(path) >= 0
        assert length + idle_seconds(path) == pytest.approx(path[-1].end - path[0].start)
        assert length <= max(span.end for span in spans) - min(span.start for span in spans)


@settings(max_examples=50)
@given(SPANS)
def test_critical_path_has_no_gaps(spans: list[Span]) -> None:
    """What an action on the path waited for was the last thing to end before it began."""
    path = critical_path(spans)
    for earlier, later in pairwise(path):
        assert not any(earlier.end < span.end <= later.start for span in spans if span not in path)


@settings(max_examples=50)
@given(SPANS)
def test_maximum_parallelism(spans: list[Span]) -> None:
    lasting = [span for span in spans if span.seconds > 0]
    at_some_start = [sum(other.start <= span.start < other.end for other in lasting) for span in lasting]
    assert parallelism(lasting) == max(at_some_start, default=0)


@settings(max_examples=50)
@given(SPANS)
def test_waiting_time(spans: list[Span]) -> None:
    found = waits([spans])
    assert all(seconds >= 0 for seconds in found.values())
    assert min(found.values(), default=0) == 0
