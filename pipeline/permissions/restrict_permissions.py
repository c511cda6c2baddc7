"""Restrict the roles of the built pipeline, whose policies CDK Pipelines has written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.pipelines import CodeBuildStep, CodePipeline
from constructs import IConstruct

from pipeline.artifact_stores import ArtifactStore
from pipeline.permissions.account_roles import EVERY_LOOKUP_ROLE, lookup_role
from pipeline.permissions.unused_permissions import remove_unused_permissions
from pipeline.steps.change_review_step import ChangeReviewStep
from pipeline.steps.self_mutation import EVERY_REGION
from stacks.shared.acknowledgments import (
    OWN_POLICY,
    acknowledge,
    wildcard_action,
    wildcard_objects,
    wildcard_resource,
)

READ_ARTIFACTS: Final = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
WRITE_ARTIFACTS: Final = (*READ_ARTIFACTS, "s3:Abort*", "s3:DeleteObject*")
USE_KEY: Final = ("kms:GenerateDataKey*", "kms:ReEncrypt*")


def restrict_permissions(
    pipeline: CodePipeline,
    *,
    reviews: Sequence[ChangeReviewStep],
    tests: Sequence[CodeBuildStep],
    bakes: Sequence[CodeBuildStep],
    stores: Sequence[ArtifactStore],
    records: s3.IBucket,
) -> None:
    """Restrict the built pipeline's roles and keys, and acknowledge the wildcards that remain, each with its reason.

    `stores` are the artifact stores, that of the pipeline's own region first; `records` has release records and
    reviews. Nothing can be granted afterwards.
    """
    stack = Stack.of(pipeline)
    home = _objects(stack, stores[:1])
    read = {**_actions(READ_ARTIFACTS), **home}
    write = {**_actions((*WRITE_ARTIFACTS, *USE_KEY)), **home}
    _acknowledge_sources(pipeline)

    orchestration = _own_policy_of(pipeline.pipeline.role)
    keys_elsewhere = _restrict_keys(orchestration, stores)
    _acknowledge(orchestration, write, _objects(stack, stores), keys_elsewhere)

    synth = _own_policy_of(pipeline.synth_project.role)
    remove_unused_permissions(synth, output=True)
    _acknowledge(synth, write)

    self_mutation = _own_policy_of(pipeline.self_mutation_project.role)
    remove_unused_permissions(self_mutation)
    _acknowledge(self_mutation, read, _self_mutation_findings(stack.account))

    for role in _roles_below(pipeline.node.try_find_child("Assets")):
        _restrict_build(role, read)
    for step in reviews:
        _restrict_build(step.project.role, read, _record_findings(stack, records, step), _review_findings())
    for step in bakes:
        _restrict_build(step.project.role, read)
    for step in tests:
        _restrict_build(step.project.role, read, _report_group_findings(stack, step), reports=True)


def _restrict_build(role: iam.IRole | None, *findings: Mapping[str, str], reports: bool = False) -> None:
    policy = _own_policy_of(role)
    remove_unused_permissions(policy, reports=reports)
    _acknowledge(policy, *findings)


def _actions(names: Iterable[str]) -> dict[str, str]:
    reason = "The library grants actions in groups; these end at the artifact store"
    return {wildcard_action(name): reason for name in names}


def _objects(stack: Stack, stores: Iterable[ArtifactStore]) -> dict[str, str]:
    reason = "Artifacts get new names in every run; the bucket holds nothing else"
    return {wildcard_objects(stack, store.bucket): reason for store in stores}


def _record_findings(stack: Stack, records: s3.IBucket, step: ChangeReviewStep) -> dict[str, str]:
    reason = "Records and reviews are named after executions; each environment has a folder of its own"
    return {wildcard_objects(stack, records, pattern): reason for pattern in step.record_patterns}


def _self_mutation_findings(account: str) -> dict[str, str]:
    return {
        wildcard_resource(f"arn:*:iam::{account}:role/*"): "Only roles tagged by the CDK bootstrap of the pipeline's "
        "own account, as the statement's condition says",
        wildcard_resource(lookup_role(account, EVERY_REGION)): "It compares the artifact stores of all regions, and "
        "those that the next commit may bring; these roles of the pipeline's own account may only read",
        wildcard_resource("*"): "Describing stacks and listing buckets, which the CDK CLI does before it deploys",
    }


def _review_findings() -> dict[str, str]:
    return {
        wildcard_resource(EVERY_LOOKUP_ROLE): "A review looks for stacks that an environment left in an account or "
        "region that delivery.toml no longer names; these roles may only read, and only an account that trusts the "
        "pipeline's lets it assume them"
    }


def _report_group_findings(stack: Stack, step: CodeBuildStep) -> dict[str, str]:
    project = stack.get_logical_id(cast(CfnElement, step.project.node.default_child))
    group = f"arn:aws:codebuild:{stack.region}:{stack.account}:report-group/<{project}>-*"
    return {
        wildcard_resource(group): "CodeBuild creates a report group when a build first reports, and begins its name "
        "with the project's"
    }


def _own_policy_of(role: iam.IRole | None) -> iam.CfnPolicy:
    return cast(iam.CfnPolicy, cast(iam.IRole, role).node.find_child("DefaultPolicy").node.default_child)


def _restrict_keys(policy: iam.CfnPolicy, stores: Sequence[ArtifactStore]) -> dict[str, str]:
    """Let the pipeline use the keys of other regions' stores instead of all keys; return the findings of that.

    The library cannot name a key of another region, which has no ARN yet, but its alias is known. A new alias may take
    five minutes to have an effect on permissions (KMS Developer Guide, "Use aliases to control access").
    """
    elsewhere = [store for store in stores if store.alias_name]
    if not elsewhere:
        return {}
    account = Stack.of(policy).account
    keys = [f"arn:aws:kms:{Stack.of(store).region}:{account}:key/*" for store in elsewhere]
    document = Stack.of(policy).resolve(policy.policy_document)
    [everything] = [one for one in document["Statement"] if "kms:Decrypt" in one["Action"] and "*" in one["Resource"]]
    named = {**everything, "Resource": [one for one in everything["Resource"] if one != "*"]}
    by_alias = {
        **everything,
        "Resource": keys,
        "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": [store.alias_name for store in elsewhere]}},
    }
    others = [one for one in document["Statement"] if one is not everything]
    policy.policy_document = {**document, "Statement": [*others, named, by_alias]}
    return {wildcard_resource(key): "Only the key with the alias of the region's artifact store" for key in keys}


def _acknowledge(policy: iam.CfnPolicy, *findings: Mapping[str, str]) -> None:
    """Acknowledge the findings, and that the policy is inline."""
    acknowledge(policy, {finding: reason for found in (OWN_POLICY, *findings) for finding, reason in found.items()})


def _acknowledge_sources(pipeline: CodePipeline) -> None:
    for project in pipeline.node.find_all():
        if isinstance(project, codebuild.CfnProject):
            acknowledge(
                project,
                {
                    "CodeBuildProjectSourceRepoUrl": "The project knows no repository: CodePipeline hands it the "
                    "source, which it has from a CodeConnections connection, where no personal token is kept."
                },
            )


def _roles_below(construct: IConstruct | None) -> list[iam.IRole]:
    return (
        [cast(iam.IRole, role) for role in construct.node.find_all() if isinstance(role, iam.Role)] if construct else []
    )
