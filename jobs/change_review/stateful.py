"""Finds stateful resources that a release would replace, delete or orphan."""

from collections.abc import Iterator
from typing import Final

from jobs.change_review.differences import REMOVED, REPLACED, Difference, ResourceChange
from jobs.change_review.findings import Finding, fingerprint

STATEFUL: Final = {
    "AWS::Backup::BackupVault": "backups",
    "AWS::CloudFront::Distribution": "the address users know",
    "AWS::DynamoDB::Table": "its items",
    "AWS::EC2::VPC": "everything in it",
    "AWS::ECR::Repository": "its images",
    "AWS::ElastiCache::ReplicationGroup": "its entries and its address",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the address it is reached by",
    "AWS::KMS::Key": "whatever it encrypts",
    "AWS::RDS::DBInstance": "its data",
    "AWS::S3::Bucket": "its objects",
    "AWS::SecretsManager::Secret": "its value",
}
"""Types whose contents a deployment cannot recreate, and what is lost with them."""

_IMPACTS = {
    "WILL_REPLACE": "would be replaced",
    "MAY_REPLACE": "may be replaced",
    "WILL_DESTROY": "would be deleted",
    "WILL_ORPHAN": "would be retained but no longer belong to a stack",
}


def losses(stack: str, difference: Difference) -> Iterator[Finding]:
    """Yield a finding for each stateful resource that would be replaced, deleted or orphaned."""
    for change in difference.resources:
        if change.type in STATEFUL and change.kind in (REPLACED, REMOVED):
            yield _loss(stack, change)


def _loss(stack: str, change: ResourceChange) -> Finding:
    because = f"{', '.join(change.because)} changes" if change.kind == REPLACED else "the release no longer contains it"
    return Finding(
        stack=stack,
        subject=change.logical_id,
        title=f"{change.logical_id} ({change.type}) {_IMPACTS[change.impact]}, because {because}; "
        f"this loses {STATEFUL[change.type]}",
        change=fingerprint(stack, change.logical_id, change.before, change.after),
    )
