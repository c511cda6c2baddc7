"""The dashboard's kinds of widgets."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

COLUMNS: Final = 24
"""The width of every dashboard."""
GRAPH_HEIGHT: Final = 6
NUMBER_HEIGHT: Final = 4
COUNT: Final = cloudwatch.YAxisProps(min=0, show_units=False)


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


def latest(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int) -> cloudwatch.IWidget:
    """Return the latest single values."""
    return cloudwatch.SingleValueWidget(title=title, metrics=list(metrics), width=width, height=NUMBER_HEIGHT)


def graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    width: int,
    unit: str | None = None,
    bars: bool = False,
    bands: Sequence[cloudwatch.HorizontalAnnotation] = (),
) -> cloudwatch.IWidget:
    """Return a graph over time: lines, or stacked areas with `bars`."""
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        left_y_axis=cloudwatch.YAxisProps(min=0, label=unit, show_units=False) if unit else COUNT,
        left_annotations=list(bands),
        stacked=bars,
        width=width,
        height=GRAPH_HEIGHT,
    )


def band(value: float, label: str) -> cloudwatch.HorizontalAnnotation:
    """Return a horizontal line for comparison."""
    return cloudwatch.HorizontalAnnotation(value=value, label=label, color=cloudwatch.Color.GREEN)
