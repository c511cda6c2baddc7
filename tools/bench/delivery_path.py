"""The length of a commit's path to each environment, from the pipeline's template."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

REVIEW = "ReviewChanges"
BAKE = "Bake"
"""The actions that only delay a release, to check it before and after deployment."""


@dataclass(frozen=True)
class Delivery:
    """A commit's path from the push until one environment is deployed and tested, without that environment's bake."""

    stage: str
    """The environment's stage in the pipeline."""
    serial_depth: int
    """Number of sequential steps; actions with the same run order run in parallel."""
    builds: int
    """CodeBuild runs on the path, including the environment's tests."""


def deliveries(template: Mapping[str, Any], *, without: Collection[str] = ()) -> list[Delivery]:
    """Return the path to each stage that deploys stacks, in pipeline order.

    Actions named in `without` are not counted.
    """
    found: list[Delivery] = []
    depth = builds = 0
    for stage in stages(template):
        actions = [action for action in stage["Actions"] if action["Name"] not in without]
        bakes = [action for action in actions if action["Name"] == BAKE]
        depth += len({action["RunOrder"] for action in actions})
        providers = [action["ActionTypeId"]["Provider"] for action in actions]
        builds += providers.count("CodeBuild")
        if "CloudFormation" in providers:
            found.append(Delivery(stage["Name"], depth - len(bakes), builds - len(bakes)))
    return found


def stages(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the stages of the one pipeline in the template."""
    [pipeline] = (
        resource for resource in template["Resources"].values() if resource["Type"] == "AWS::CodePipeline::Pipeline"
    )
    return pipeline["Properties"]["Stages"]
