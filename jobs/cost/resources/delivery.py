"""What delivering costs: minutes of actions and builds."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jobs.cost.assembly import Resource, Stack, referred
from jobs.cost.charges import Charge, as_number
from jobs.cost.usage import Usage

WATCHING = "BAKE_MINUTES"
"""The variable by which a build says that it watches, and how long."""
SOURCE_MINUTES = 1
"""An action is charged by begun minutes."""


def pipeline(resource: Resource, stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the minutes of a V2 pipeline's actions; an approval's are free."""
    minutes = Decimal(0)
    for stage in resource.properties.get("Stages", ()):
        for action in stage["Actions"]:
            minutes += _minutes_of(action, stack, usage)
    yield Charge(
        what="actions of the pipeline",
        price="pipeline.action_minute",
        quantity=minutes * usage.releases,
        assumptions=("releases", "build_minutes", "deploy_minutes"),
    )


def build(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the minutes of a build, once in every release."""
    size = str(resource.properties.get("Environment", {}).get("ComputeType", "BUILD_GENERAL1_SMALL"))
    watched = _watched(resource)
    yield Charge(
        what="build",
        price=f"build.{size.removeprefix('BUILD_').lower()}.minute",
        quantity=(usage.build_minutes if watched is None else watched + 1) * usage.releases,
        assumptions=("releases",) if watched else ("releases", "build_minutes"),
    )


def _minutes_of(action: Mapping[str, Any], stack: Stack, usage: Usage) -> Decimal:
    match action["ActionTypeId"]["Category"]:
        case "Approval":
            return Decimal(0)
        case "Source":
            return Decimal(SOURCE_MINUTES)
        case "Deploy":
            return usage.deploy_minutes
        case _:
            named = referred(action.get("Configuration", {}))
            found = next((one for one in stack.of_type("AWS::CodeBuild::Project") if one.logical_id in named), None)
            watched = _watched(found) if found else None
            return usage.build_minutes if watched is None else watched + 1


def _watched(project: Resource) -> Decimal | None:
    """Return how long a build watches, in minutes, where its variables say so; starting takes another minute."""
    for variable in project.properties.get("Environment", {}).get("EnvironmentVariables", ()):
        if variable["Name"] == WATCHING:
            return as_number(project, WATCHING, variable["Value"])
    return None
