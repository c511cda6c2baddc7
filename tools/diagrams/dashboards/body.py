"""Dashboards as the templates of a cloud assembly define them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_assembly import UserError
from tools.diagrams.assembly import environments, own_templates

TYPE = "AWS::CloudWatch::Dashboard"


@dataclass(frozen=True)
class Widget:
    """A widget and its place on the grid of 24 columns."""

    type: str
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Body:
    """A dashboard: its name, the hours it shows by default, and its widgets."""

    name: str
    hours: float
    widgets: tuple[Widget, ...]
    period_override: str = "auto"
    """`inherit` where widgets have their own periods; `auto`, CloudWatch's default, where it chooses them."""


def pipeline_dashboard(directory: Path) -> Body:
    """Read the dashboard beside the pipeline; raises UserError."""
    resources = (resource for template in own_templates(directory) for resource in template["Resources"].values())
    return _only(directory, (resource["Properties"] for resource in resources if resource["Type"] == TYPE), {})


def environment_dashboard(directory: Path) -> Body:
    """Read the dashboard of the last environment, which users work with; raises UserError."""
    resources = environments(directory)[-1].resources.values()
    names = {resource.key[1]: name for resource in resources if (name := resource.properties.get("AlarmName"))}
    return _only(directory, (resource.properties for resource in resources if resource.type == TYPE), names)


def _only(directory: Path, found: Iterator[Mapping[str, Any]], names: Mapping[str, str]) -> Body:
    dashboards = list(found)
    if len(dashboards) != 1:
        raise UserError(f"{directory} has {len(dashboards)} dashboards where one is expected")
    [properties] = dashboards
    document = json.loads(_text(properties["DashboardBody"], names))
    widgets = (
        Widget(one["type"], one["x"], one["y"], one["width"], one["height"], one["properties"])
        for one in document["widgets"]
    )
    return Body(
        name=_text(properties["DashboardName"], names),
        hours=hours(document.get("start", "-PT3H")),
        widgets=tuple(widgets),
        period_override=document.get("periodOverride", "auto"),
    )


def _text(value: Any, names: Mapping[str, str]) -> str:
    """Return a text, with names of resources in place of values that are known only after deployment."""
    if isinstance(value, str):
        return value
    [(function, argument)] = value.items()
    if function == "Fn::Join":
        return argument[0].join(_text(part, names) for part in argument[1])
    if function == "Ref":
        return {"AWS::Region": "us-east-1"}.get(argument, argument)
    if function == "Fn::GetAtt":
        return names.get(argument[0], argument[0])
    return "known-when-deployed"


def hours(start: str) -> float:
    """Parse an ISO 8601 duration such as `-P84D` or `-PT3H`."""
    days, _, time = start.removeprefix("-P").partition("T")
    return 24 * float(days.removesuffix("D") or 0) + float(time.removesuffix("H") or 0)
