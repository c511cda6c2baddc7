"""The tags of one environment, or of the pipeline."""

from collections.abc import Iterable
from typing import Final

from aws_cdk import CfnResource, Stack, Stage, Tags

from settings import TagSettings

PROVIDERS: Final = (
    "Custom::S3AutoDeleteObjectsCustomResourceProvider",
    "Custom::VpcRestrictDefaultSGCustomResourceProvider",
)
"""The library's providers of custom resources, which its tags do not reach."""


def tag_environment(
    scope: Stage | Stack, *, name: str, settings: TagSettings, compliance: str, stacks: Iterable[Stack] = ()
) -> None:
    """Tag every taggable resource in the scope.

    `compliance` is that tag's default. `stacks` are those with custom resources.
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
