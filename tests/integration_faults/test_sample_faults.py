"""Responses that are slow, fail too often or come from two active tasks, and the tests that detect them."""

import functools
import time
from collections.abc import Callable

import pytest

from integration_tests.failure import CheckFailed
from integration_tests.http_client import HttpClient
from integration_tests.sample import latency_and_errors_are_within_limits
from tests.faulty_http_server import Behaviour, hang, healthy, late, respond, serve_application
from tests.integration_faults.load_balancer_under_test import PATH
from tests.integration_faults.matrix import Recorder

SAMPLE = "test_latency_and_errors_are_within_limits"
LIMIT_SECONDS = 4.0
"""Longer than a busy machine pauses."""
TOO_LATE_SECONDS = 4.2


def check_sample(
    application: Callable[[object], Behaviour], *, p99: float = LIMIT_SECONDS, errors: float = 1.0
) -> None:
    with serve_application(application) as server:
        latency_and_errors_are_within_limits(
            HttpClient(server.url),
            path=PATH,
            requests=100,
            p99_limit_seconds=p99,
            error_rate_limit_percent=errors,
        )


def turns(*few: Behaviour, of: int = 100) -> Callable[[object], Behaviour]:
    """Respond normally, except to some requests in the middle."""
    left = iter([*[healthy()] * (of // 2), *few])
    return lambda _: next(left, healthy())


@pytest.mark.parametrize(
    ("few", "message"),
    [
        pytest.param(
            [late(TOO_LATE_SECONDS, healthy())] * 2,
            f"The slowest 1 % of requests is over the limit of {LIMIT_SECONDS:g} s: 2 of",
            marks=pytest.mark.fault("two in a hundred requests take longer than the limit", caught_by=SAMPLE),
        ),
        pytest.param(
            [respond(502)] * 2,
            "2 of 54 requests failed; the limit is 1 %",
            marks=pytest.mark.fault("two in a hundred requests fail", caught_by=SAMPLE),
        ),
        pytest.param(
            [healthy(task="task-two")],
            "Two tasks report that they are active: task-one, task-two",
            marks=pytest.mark.fault("two tasks are active in one term", caught_by=SAMPLE),
        ),
    ],
)
def test_sample_fault(few: list[Behaviour], message: str, recorder: Recorder) -> None:
    recorder.green(lambda: check_sample(turns()))
    message, _, rest = message.partition(" of 54")
    text = recorder.red(lambda: check_sample(turns(*few)), message=message)
    assert rest in text


@pytest.mark.tolerated("one in a hundred requests fails, and another is slow", by=SAMPLE)
def test_sample_within_limits(recorder: Recorder) -> None:
    recorder.green(lambda: check_sample(turns(respond(502), late(TOO_LATE_SECONDS, healthy()))))


@pytest.mark.tolerated("another task becomes active meanwhile", by=SAMPLE)
def test_leader_change(recorder: Recorder) -> None:
    successor = functools.partial(healthy, task="task-two", leader={"age_seconds": 0.1, "epoch": 8})
    recorder.green(lambda: check_sample(turns(*[successor()] * 50)))


def test_hanging_sample_ends_in_time() -> None:
    start = time.monotonic()
    with pytest.raises(CheckFailed, match="requests failed"):
        check_sample(lambda _: hang(), p99=0.05)
    assert time.monotonic() - start < 10, "two time-outs of a second or so, not a hundred"
