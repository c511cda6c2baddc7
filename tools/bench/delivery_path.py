"""How long a commit's way to each environment is, read from the pipeline's template."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

REVIEW = "ReviewChanges"
BAKE = "Bake"
"""The actions that only hold a release up, to look at it before and after."""


@dataclass(frozen=True)
class Delivery:
    """A commit's way from the push until one environment is deployed and tested; its own bake comes later."""

    stage: str
    """The environment's stage in the pipeline."""
    serial_depth: int
    """Actions that must run one after the other; those of one run order run side by side."""
    builds: int
    """CodeBuild runs on the way, the environment's own tests included."""


def deliveries(template: Mapping[str, Any], *, without: Collection[str] = ()) -> list[Delivery]:
    """Return the way to each environment, which is each stage that deploys stacks, in the pipeline's order.

    Actions that are named in `without` are not counted.
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
