"""Charges of the pipeline: minutes of actions and builds."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jobs.cost.assembly import Resource, Stack, referred
from jobs.cost.charges import Charge, as_number
from jobs.cost.usage import Usage

BAKE_VARIABLE = "BAKE_MINUTES"
"""The environment variable of a bake build that sets its duration."""
SOURCE_MINUTES = 1
"""Actions are charged per started minute."""


def pipeline(resource: Resource, stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the minutes of a V2 pipeline's actions; an approval's are free."""
    minutes = Decimal(0)
    for stage in resource.properties.get("Stages", ()):
        for action in stage["Actions"]:
            minutes += _minutes_of(action, stack, usage)
    yield Charge(
        what="pipeline actions",
        price="pipeline.action_minute",
        quantity=minutes * usage.releases,
        assumptions=("releases", "build_minutes", "deploy_minutes"),
    )


def build(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the minutes of a build, once per release."""
    size = str(resource.properties.get("Environment", {}).get("ComputeType", "BUILD_GENERAL1_SMALL"))
    bake_minutes = _bake_minutes(resource)
    yield Charge(
        what="build",
        price=f"build.{size.removeprefix('BUILD_').lower()}.minute",
        quantity=(usage.build_minutes if bake_minutes is None else bake_minutes + 1) * usage.releases,
        assumptions=("releases",) if bake_minutes is not None else ("releases", "build_minutes"),
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
            bake_minutes = _bake_minutes(found) if found else None
            return usage.build_minutes if bake_minutes is None else bake_minutes + 1


def _bake_minutes(project: Resource) -> Decimal | None:
    """Return a bake's duration in minutes, without the minute that the build takes to start; None for other builds."""
    for variable in project.properties.get("Environment", {}).get("EnvironmentVariables", ()):
        if variable["Name"] == BAKE_VARIABLE:
            return as_number(project, BAKE_VARIABLE, variable["Value"])
    return None
