"""The tags of one environment, or of the pipeline."""

from collections.abc import Iterable
from typing import Final

from aws_cdk import CfnResource, Stack, Stage, Tags

from settings import TagSettings

PROVIDERS: Final = (
    "Custom::S3AutoDeleteObjectsCustomResourceProvider",
    "Custom::VpcRestrictDefaultSGCustomResourceProvider",
)
"""What the library builds in a stack to serve custom resources; its tags pass by these."""


def tag_environment(
    scope: Stage | Stack, *, name: str, settings: TagSettings, compliance: str, stacks: Iterable[Stack] = ()
) -> None:
    """Put the tags on everything in the scope that takes tags.

    `compliance` is the value of that tag where the settings have none. `stacks` are those with custom resources.
    """
    tags = {
        "Environment": name,
        "Owner": settings.owner,
        "CostCenter": settings.cost_center,
        "Compliance": settings.compliance or compliance,
        "BackupPolicy": settings.backup_policy,
    }
    everything = Tags.of(scope)
    for key, value in tags.items():
        everything.add(key, value)
    as_property = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    for stack in stacks:
        for provider in PROVIDERS:
            built = stack.node.try_find_child(provider)
            for resource in built.node.children if built is not None else ():
                if isinstance(resource, CfnResource):
                    resource.add_property_override("Tags", as_property)
