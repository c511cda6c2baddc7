"""Pictures of dashboards: metric math, sample data, and the effect of a changed dashboard."""

import re
from dataclasses import replace
from difflib import ndiff

import pytest

from cloud_assembly import UserError
from tools.diagrams.dashboards import page
from tools.diagrams.dashboards.body import Body, Widget
from tools.diagrams.dashboards.metric_math import evaluate
from tools.diagrams.dashboards.metric_widget import lines
from tools.diagrams.dashboards.series import DAY, HOUR, Series, sample

SERIES: dict[str, Series] = {
    "a": [1.0, None, 3.0],
    "b": [2.0, 4.0, 0.0],
    "never": [None, None, None],
    "late": [None, 5.0, None],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", [3, None, 3]),
        ("100 * FILL(a, 0) / b", [50, 0, None]),
        ("FILL(a, REPEAT)", [1, 1, 3]),
        ("FILL(late, REPEAT)", [None, 5, 5]),
        ("a / b", [0.5, None, None]),
        ("FILL(never, REPEAT)", [None, None, None]),
        ("PERIOD(a)", [60, 60, 60]),
        ("EPOCH(b)", [0, 60, 120]),
        ("EPOCH(a)", [0, None, 120]),
        ("EPOCH(FILL(a, REPEAT))", [0, 60, 120]),
        ("IF(b > 0, a / b)", [0.5, None, None]),
        ("IF(a > 0, b, 7)", [2, None, 0]),
        ("IF(b < 1, 1)", [None, None, 1]),
        ("IF(b >= 2, b, 7)", [2, 4, 7]),
        ("SUM([a, b])", [3, 4, 3]),
        ("MAX([a, b])", [2, 4, 3]),
        ("(b - FILL(a, 0)) / 2", [0.5, 2, -1.5]),
    ],
)
def test_expression_result(expression: str, expected: list[float | None]) -> None:
    assert evaluate(expression, SERIES, period=60, times=[60, 120, 180]) == expected


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a)", "a %", "a ** b", "unknown + 1"])
def test_unsupported_expression_is_named(expression: str) -> None:
    with pytest.raises(UserError) as raised:
        evaluate(expression, SERIES, period=60, times=[60, 120, 180])
    assert expression in str(raised.value)


def test_samples_are_reproducible() -> None:
    days = sample("Releases", {"Environment": "prod"}, "Sum", period=DAY, times=[DAY * day for day in range(1, 8)])
    [week] = sample("Releases", {"Environment": "prod"}, "Sum", period=7 * DAY, times=[7 * DAY])
    assert week == sum(day or 0 for day in days)


def test_samples_contain_a_recent_release() -> None:
    times = [HOUR * hour for hour in range(1, 100)]
    values = sample("ReleasedAt", {"Environment": "dev"}, "Maximum", period=HOUR, times=times)
    assert len([value for value in values if value is not None]) == 1


# What CloudWatch's rules do to a dashboard.

WEEK = 7 * DAY
RELEASES = ["YAWLDelivery", "Releases", "Environment", "prod"]
WEEKLY = Widget("metric", 0, 0, 8, 6, {"title": "Weekly", "metrics": [[*RELEASES, {"period": WEEK, "stat": "Sum"}]]})


def test_widgets_period_holds_only_if_the_dashboard_inherits_it() -> None:
    [weekly] = lines(WEEKLY, Body("name", 84 * 24, (), "inherit"))
    assert (weekly.period, len(weekly.values)) == (WEEK, 12)
    [chosen] = lines(WEEKLY, Body("name", 84 * 24, ()))
    assert (chosen.period, len(chosen.values)) == (6 * HOUR, 4 * 84)


def test_widget_has_the_time_that_it_names() -> None:
    start = replace(WEEKLY, properties={**WEEKLY.properties, "start": "-P28D"})
    [line] = lines(start, Body("name", 3, (), "inherit"))
    assert len(line.values) == 4


def test_nothing_is_published_where_nothing_happens() -> None:
    days = sample("FailedChanges", {"Environment": "prod"}, "Sum", period=DAY, times=[DAY * day for day in range(60)])
    assert None in days
    assert 0 not in days


@pytest.mark.parametrize("metric", ["Duration", "QueuedDuration"])
def test_statistic_that_is_not_documented_is_named(metric: str) -> None:
    row = ["AWS/CodeBuild", metric, "ProjectName", "p", {"stat": "Sum"}]
    widget = Widget("metric", 0, 0, 8, 6, {"title": "Builds", "metrics": [row]})
    with pytest.raises(UserError, match=f"Sum is no documented statistic of AWS/CodeBuild {metric}: Average"):
        lines(widget, Body("name", 3, ()))


def test_end_that_is_no_time_is_named() -> None:
    widget = replace(WEEKLY, properties={**WEEKLY.properties, "start": "-P3D", "end": "P0D"})
    with pytest.raises(UserError, match="'Weekly' ends at P0D, which is not a time"):
        lines(widget, Body("name", 3, ()))


# The effect of a changed dashboard on its picture.


def drawn(*widgets: Widget) -> list[str]:
    return page.picture(Body("name", 3, widgets), widgets, title="title", description="description").splitlines()


def alarms(count: int) -> Widget:
    names = [f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:yawl-dev-alarm-{number}" for number in range(count)]
    return Widget("alarm", 0, 0, 8, 5, {"title": "Alarms", "alarms": names})


def graph(*, period: int = 300, **options: object) -> Widget:
    row = ["AWS/ECS", "CPUUtilization", "ServiceName"]
    metrics = [[*row, name, {"period": period}] for name in ("one", "two")]
    return Widget("metric", 8, 0, 8, 6, {"title": "Use", "view": "timeSeries", "metrics": metrics, **options})


@pytest.mark.parametrize("count", [5, 23, 29])
def test_another_alarm_changes_few_lines(count: int) -> None:
    before, after = drawn(alarms(count), graph()), drawn(alarms(count + 1), graph())
    changed = [line for line in ndiff(before, after) if line[0] in "+-"]
    assert len(changed) <= 5
    assert sum("●" in line for line in after) == count + 1
    columns = "\n".join(after).split("</text>")
    heights = [sum(map(int, re.findall(r' dy="(\d+)"', column))) for column in columns if "●" in column]
    assert max(heights) <= 5 * page.ROW - page.TITLE


def test_line_is_one_path_of_few_points() -> None:
    series = [line for line in drawn(graph(period=60)) if line.startswith('<path d="M') and "l" in line]
    assert len(series) == 2
    assert max(map(len, series)) < 400


def test_limit_has_its_label_and_fits_on_the_axis() -> None:
    limits = {"horizontal": [{"value": 230, "label": "too much", "color": "#d62728"}]}
    text = "\n".join(drawn(graph(annotations=limits)))
    assert ">too much</text>" in text
    assert ">250</text>" in text


def test_right_axis_has_its_own_scale() -> None:
    big = ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", "one", {"period": 300}]
    small = ["AWS/ECS", "CPUUtilization", "ServiceName", "one", {"period": 300, "yAxis": "right"}]
    axes = {"left": {"min": 0, "label": "bytes"}, "right": {"min": 0, "label": "percent"}}
    text = "\n".join(drawn(graph(metrics=[big, small], yAxis=axes)))
    assert ">bytes</text>" in text
    assert ">percent</text>" in text
    assert re.search(r">\d+G</text>", text)
    assert ">40</text>" in text


def test_line_ends_where_values_are_missing() -> None:
    metrics = [[*RELEASES, {"period": DAY, "stat": "Sum"}]]
    properties = {"title": "Releases", "view": "timeSeries", "metrics": metrics}
    widget = Widget("metric", 0, 0, 8, 6, properties)
    body = Body("name", 21 * 24, (widget,), "inherit")
    text = page.picture(body, [widget], title="title", description="description")
    [path] = re.findall(r'<path d="(M[^"]+)" stroke="#2456c8"/>', text)
    # There are no releases at weekends.
    assert path.count("M") >= 3


def test_stacked_values_are_bars_on_top_of_each_other() -> None:
    bars = [line for line in drawn(graph(stacked=True)) if "stroke-width" in line and "V" in line]
    assert len(bars) == 2
    lower, upper = ([tuple(map(int, found)) for found in re.findall(r" (\d+)V(\d+)", path)] for path in bars)
    assert [top for _, top in lower] == [bottom for bottom, _ in upper]
