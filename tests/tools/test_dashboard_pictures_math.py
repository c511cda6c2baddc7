"""The part of CloudWatch's metric math that pictures of dashboards know."""

import pytest

from diagrams.dashboards.metric_math import evaluate
from diagrams.dashboards.series import DAY, HOUR, Series, sample
from diagrams.errors import DiagramError

SERIES: dict[str, Series] = {"a": [1.0, None, 3.0], "b": [2.0, 4.0, 0.0], "never": [None, None, None]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", [3, None, 3]),
        ("100 * FILL(a, 0) / b", [50, 0, None]),
        ("FILL(a, REPEAT)", [1, 1, 3]),
        ("FILL(never, REPEAT)", [None, None, None]),
        ("PERIOD(a)", [60, 60, 60]),
        ("EPOCH(a)", [0, 60, 120]),
        ("IF(b >= 2, b, 7)", [2, 4, 7]),
        ("SUM([a, b])", [3, 4, 3]),
        ("MAX([a, b])", [2, 4, 3]),
        ("(b - FILL(a, 0)) / 2", [0.5, 2, -1.5]),
    ],
)
def test_an_expression_gives(expression: str, expected: list[float | None]) -> None:
    assert evaluate(expression, SERIES, period=60, times=[60, 120, 180]) == expected


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a)", "a %", "a ** b", "unknown + 1"])
def test_what_cannot_be_drawn_is_named(expression: str) -> None:
    with pytest.raises(DiagramError) as raised:
        evaluate(expression, SERIES, period=60, times=[60, 120, 180])
    assert expression in str(raised.value)


def test_samples_are_the_same_always_and_a_week_is_the_sum_of_its_days() -> None:
    days = sample("Releases", {"Environment": "prod"}, "Sum", period=DAY, times=[DAY * day for day in range(1, 8)])
    [week] = sample("Releases", {"Environment": "prod"}, "Sum", period=7 * DAY, times=[7 * DAY])
    assert week == sum(day or 0 for day in days)


def test_the_last_release_is_in_one_hour() -> None:
    times = [HOUR * hour for hour in range(1, 100)]
    values = sample("ReleasedAt", {"Environment": "dev"}, "Maximum", period=HOUR, times=times)
    assert len([value for value in values if value is not None]) == 1
