"""Finds, unprotects and deletes the resources that can outlive their stack, by resource type.

`find` returns None only if the resource does not exist, and passes on botocore's other errors, so that a denied call is
not taken for an absent resource.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tools.accounts.live_resources import databases, load_balancers, security, storage
from tools.accounts.live_resources.resource import Client, LiveResource, ResourceType

__all__ = ["RESOURCE_TYPES", "Client", "LiveResource", "ResourceType", "in_order"]

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": load_balancers.LOAD_BALANCER,
    "AWS::RDS::DBInstance": databases.INSTANCE,
    "AWS::S3::Bucket": storage.BUCKET,
    "AWS::Backup::BackupVault": storage.VAULT,
    "AWS::SecretsManager::Secret": security.SECRET,
    "AWS::RDS::DBSubnetGroup": databases.SUBNET_GROUP,
    "AWS::RDS::DBParameterGroup": databases.PARAMETER_GROUP,
    "AWS::Logs::LogGroup": storage.LOG_GROUP,
    "AWS::IAM::Role": security.ROLE,
    "AWS::KMS::Alias": security.ALIAS,
    # Last, after everything it encrypts.
    "AWS::KMS::Key": security.KEY,
}
"""By type, in deletion order."""


def in_order(resources: list[LiveResource]) -> Iterator[LiveResource]:
    """Yield the resources in an order in which they can be deleted."""
    order = list(RESOURCE_TYPES)
    yield from sorted(resources, key=lambda found: order.index(found.kind))
