"""Finds names that a deployed stack has and the release would use again elsewhere, so that creation would fail."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cloud_assembly import Stack
from jobs.change_review.differences import ResourceType

GLOBAL: Final = ("AWS::S3::Bucket",)
"""Types whose names are unique in a partition (Amazon S3 User Guide, "General purpose bucket naming rules")."""
ACCOUNT_WIDE: Final = (
    "AWS::IAM::",
    "AWS::CloudFront::",
    "AWS::CloudWatch::Dashboard",
    "AWS::Budgets::",
    "AWS::Route53::",
)
"""Beginnings of types whose names are unique in an account, whatever the region (the services' user guides).

Other names are unique in an account and region.
"""
_DISTRIBUTION: Final = "AWS::CloudFront::Distribution"

_Name = tuple[str, ...]


def collisions(old: Stack, released: Sequence[Stack], types: Mapping[str, ResourceType]) -> Iterator[str]:
    """Yield a line for each name of `old` that a released stack has as well."""
    taken = {name: (logical_id, stack) for stack in released for logical_id, name in _names(stack, types)}
    for logical_id, name in _names(old, types):
        if name in taken:
            wanting, stack = taken[name]
            yield (
                f"collides: {name[0]} {name[-1]} ({logical_id} of {old.name}) is also {wanting} of {stack.name}, "
                "whose creation would fail"
            )


def _names(stack: Stack, types: Mapping[str, ResourceType]) -> Iterator[tuple[str, _Name]]:
    """Yield the logical id and the name of each resource whose template fixes its name."""
    for logical_id, resource in stack.resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        known = types.get(kind)
        values = [stack.text(properties.get(name, "*")) for name in known.identifier] if known else []
        if values and not any("*" in value for value in values):
            yield logical_id, (kind, *_scope(kind, stack), "/".join(values))
        if kind == _DISTRIBUTION:
            for alias in properties.get("DistributionConfig", {}).get("Aliases", []):
                # A domain name belongs to one distribution of all accounts.
                yield logical_id, (kind, stack.text(alias))


def _scope(kind: str, stack: Stack) -> tuple[str, ...]:
    if kind in GLOBAL:
        return (stack.partition,)
    return (stack.account,) if kind.startswith(ACCOUNT_WIDE) else (stack.account, stack.region)
