"""Finds stateful resources that a release would replace, delete or orphan.

The first of these that says something of a resource decides: the table `HOLDS`; the table `HOLDS_NOTHING`; AWS's
resource schemas, which mark 29 types as stateful; its own deletion policies, if they retain it or take a snapshot; and
the schemas again, if they do not contain its type, or if it has properties about data at rest.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jobs.change_review.differences import REMOVED, REPLACED, Difference, ResourceChange, ResourceType
from jobs.change_review.findings import Finding, fingerprint

_ADDRESS: Final = "the address that others know"
_DATA: Final = "its data"
HOLDS: Final = {
    "AWS::ACMPCA::CertificateAuthority": "its private key, and the trust in its certificates",
    "AWS::ApiGateway::ApiKey": "its value",
    "AWS::ApiGateway::RestApi": _ADDRESS,
    "AWS::ApiGatewayV2::Api": _ADDRESS,
    "AWS::Backup::BackupVault": "its backups",
    "AWS::CloudFront::Distribution": "the address users know",
    "AWS::CodeArtifact::Repository": "its packages",
    "AWS::Cognito::IdentityPool": "the identities of its users",
    "AWS::Cognito::UserPool": "its users",
    "AWS::DirectoryService::MicrosoftAD": "its users",
    "AWS::DirectoryService::SimpleAD": "its users",
    "AWS::DynamoDB::GlobalTable": "its items",
    "AWS::DynamoDB::Table": "its items",
    "AWS::EC2::EIP": _ADDRESS,
    "AWS::EC2::Instance": "what is on its volumes, and its addresses",
    "AWS::EC2::KeyPair": "its private key",
    "AWS::EC2::VPC": "everything in it",
    "AWS::EC2::Volume": _DATA,
    "AWS::ECR::Repository": "its images",
    "AWS::EFS::FileSystem": "its files",
    "AWS::ElastiCache::ReplicationGroup": "its entries and its address",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the address it is reached by",
    "AWS::GuardDuty::Detector": "its findings",
    "AWS::IAM::AccessKey": "its secret",
    "AWS::KMS::Key": "whatever it encrypts",
    "AWS::Logs::LogGroup": "its logs",
    "AWS::RDS::DBCluster": _DATA,
    "AWS::RDS::DBInstance": _DATA,
    "AWS::Route53::HostedZone": "its records and its name servers",
    "AWS::S3::Bucket": "its objects",
    "AWS::SNS::Topic": "its subscriptions, which subscribers must confirm again",
    "AWS::SQS::Queue": "its messages",
    "AWS::SecretsManager::Secret": "its value",
}
"""What is lost with a resource of the type (the services' pages in the CloudFormation Template Reference).

Some are lost although they hold no data: nobody can recreate a generated address, a key, or a confirmation.
"""
HOLDS_NOTHING: Final = frozenset(
    {
        # Schedules and settings of something else that holds the data.
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::SecretsManager::RotationSchedule",
        # They write into buckets, log groups and streams.
        "AWS::CloudTrail::Trail",
        "AWS::CodeBuild::Project",
        # Code and definitions, which a deployment creates again.
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Version",
        "AWS::Scheduler::Schedule",
        "AWS::StepFunctions::StateMachine",
        # The CDK's own; they act on other resources.
        "Custom::S3AutoDeleteObjects",
        "Custom::VpcRestrictDefaultSG",
    }
)
"""Types that the rules below would take for stateful, and that hold nothing."""
AT_REST: Final = re.compile(
    "Kms|KMS|Encrypt|SSE|Backup|Snapshot|DeletionProtection|PointInTime|AllocatedStorage|StorageCapacity|Retention"
)
"""Found in the names of properties about data at rest: its encryption, its backups, its size, its end."""

_IMPACTS = {
    "WILL_REPLACE": "would be replaced",
    "MAY_REPLACE": "may be replaced",
    "WILL_DESTROY": "would be deleted",
    "WILL_ORPHAN": "would be retained but no longer belong to a stack",
}
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


def losses(stack: str, difference: Difference) -> Iterator[Finding]:
    """Yield a finding for each stateful resource that would be replaced, deleted or orphaned."""
    for change in difference.resources:
        if change.kind in (REPLACED, REMOVED) and (lost := loss(change.type, change.before, difference.types)):
            yield _finding(stack, change, lost)


def loss(type_name: str, resource: Mapping[str, Any] | None, types: Mapping[str, ResourceType]) -> str | None:
    """Return what goes with a resource: `loses its data`, `may lose …`; None if it holds nothing."""
    if type_name in HOLDS_NOTHING:
        return None
    if holds := HOLDS.get(type_name):
        return f"loses {holds}"
    known = types.get(type_name)
    if known and known.stateful:
        return f"loses {_DATA}"
    return _possible_loss(resource or {}, known)


def _possible_loss(resource: Mapping[str, Any], known: ResourceType | None) -> str | None:
    for policy in _POLICIES:
        value = str(resource.get(policy, ""))
        if value.startswith(("Retain", "Snapshot")):
            return f"may lose what its {policy}, {value}, protects"
    if known is None:
        return "may lose what it holds, since AWS's resource schemas do not contain its type"
    if properties := sorted(filter(AT_REST.search, known.replacing)):
        return f"may lose data, since its type has {', '.join(properties[:3])}"
    return None


def _finding(stack: str, change: ResourceChange, lost: str) -> Finding:
    because = f"{', '.join(change.because)} changes" if change.kind == REPLACED else "the release no longer contains it"
    return Finding(
        stack=stack,
        subject=change.logical_id,
        title=f"{change.logical_id} ({change.type}) {_IMPACTS[change.impact]}, because {because}; this {lost}",
        change=fingerprint(stack, change.logical_id, change.before, change.after),
    )
