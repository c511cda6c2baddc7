"""The dashboard's kinds of widgets."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

COLUMNS: Final = 24
"""The width of every dashboard."""
GRAPH_HEIGHT: Final = 6
NUMBER_HEIGHT: Final = 4
LOG_HEIGHT: Final = 5


def heading(text: str, *, height: int = 2) -> cloudwatch.IWidget:
    """Return a text across the dashboard."""
    return cloudwatch.TextWidget(
        markdown=text, width=COLUMNS, height=height, background=cloudwatch.TextWidgetBackground.TRANSPARENT
    )


def number(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int) -> cloudwatch.IWidget:
    """Return single values over the dashboard's time range."""
    return cloudwatch.SingleValueWidget(
        title=title, metrics=list(metrics), width=width, height=NUMBER_HEIGHT, set_period_to_time_range=True
    )


def latest(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int, days: int) -> cloudwatch.IWidget:
    """Return the latest single values of the last `days`, whatever time the dashboard shows."""
    return cloudwatch.SingleValueWidget(
        title=title, metrics=list(metrics), width=width, height=NUMBER_HEIGHT, start=f"-P{days}D"
    )


def graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    width: int,
    unit: str,
    bars: bool = False,
    bands: Sequence[cloudwatch.HorizontalAnnotation] = (),
) -> cloudwatch.IWidget:
    """Return a graph over time: lines, or stacked areas with `bars`. `unit` is the axis's title."""
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        left_y_axis=cloudwatch.YAxisProps(min=0, label=unit, show_units=False),
        left_annotations=list(bands),
        stacked=bars,
        width=width,
        height=GRAPH_HEIGHT,
    )


def band(value: float, label: str) -> cloudwatch.HorizontalAnnotation:
    """Return a horizontal line for comparison."""
    return cloudwatch.HorizontalAnnotation(value=value, label=label, color=cloudwatch.Color.GREEN)


def log_table(title: str, query: Sequence[str], *, log_group_name: str, width: int) -> cloudwatch.IWidget:
    """Return a table of lines that the metrics' function has logged."""
    return cloudwatch.LogQueryWidget(
        title=title,
        log_group_names=[log_group_name],
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        query_lines=list(query),
        width=width,
        height=LOG_HEIGHT,
    )
