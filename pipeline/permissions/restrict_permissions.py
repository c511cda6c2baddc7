"""What the pipeline's roles may do, once the library has written their policies."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, CodePipeline
from constructs import IConstruct

from pipeline.artifact_stores import ArtifactStore
from pipeline.permissions import nag_findings as wildcards
from pipeline.permissions.account_roles import lookup_role
from pipeline.permissions.nag_findings import READ_ARTIFACTS, USE_KEY, WRITE_ARTIFACTS
from pipeline.permissions.unused_permissions import remove_unused_permissions
from pipeline.steps.change_review_step import REVIEWS
from pipeline.steps.self_mutation import EVERY_REGION
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge


def settle_permissions(
    pipeline: CodePipeline,
    *,
    reviews: Sequence[CodeBuildStep],
    tests: Sequence[CodeBuildStep],
    bakes: Sequence[CodeBuildStep],
    stores: Sequence[ArtifactStore],
) -> None:
    """Narrow the built pipeline's roles and keys, and acknowledge what stays wide.

    `stores` hold the artifacts, the one of the pipeline's own region first. Nothing can be granted afterwards.
    """
    stack = Stack.of(pipeline)
    everywhere = wildcards.objects(stack, [store.bucket for store in stores])
    home = wildcards.objects(stack, [stores[0].bucket])
    read = {**wildcards.actions(READ_ARTIFACTS), **home}
    write = {**wildcards.actions((*WRITE_ARTIFACTS, *USE_KEY)), **home}
    _accept_sources(pipeline)

    orchestration = _own_policy_of(pipeline.pipeline.role)
    keys_elsewhere = _narrow_keys(orchestration, stores)
    _accept(orchestration, write, everywhere, keys_elsewhere)

    synth = _own_policy_of(pipeline.synth_project.role)
    remove_unused_permissions(synth, output=True)
    _accept(synth, write)

    self_mutation = _own_policy_of(pipeline.self_mutation_project.role)
    remove_unused_permissions(self_mutation)
    _accept(
        self_mutation,
        read,
        wildcards.resource(
            f"arn:*:iam::{stack.account}:role/*",
            "Only roles tagged by the CDK bootstrap of the pipeline's own account, as the statement's condition says",
        ),
        wildcards.resource(
            lookup_role(stack.account, EVERY_REGION),
            "It compares the artifact stores of all regions, and those that the next commit may bring; these roles of "
            "the pipeline's own account may only read",
        ),
        wildcards.resource("*", "Describing stacks and listing buckets, which the CDK CLI does before it deploys"),
    )

    for role in _roles_below(pipeline.node.try_find_child("Assets")):
        assets = _own_policy_of(role)
        remove_unused_permissions(assets)
        _accept(assets, read)

    in_reviews = wildcards.objects(stack, [stores[0].bucket], below=REVIEWS)
    for step in reviews:
        policy = _own_policy_of(step.project.role)
        remove_unused_permissions(policy)
        _accept(policy, read, in_reviews)

    for step in bakes:
        policy = _own_policy_of(step.project.role)
        remove_unused_permissions(policy)
        _accept(policy, read)

    for step in tests:
        policy = _own_policy_of(step.project.role)
        remove_unused_permissions(policy, reports=True)
        project = stack.get_logical_id(cast(CfnElement, step.project.node.default_child))
        report_groups = wildcards.resource(
            f"arn:aws:codebuild:{stack.region}:{stack.account}:report-group/<{project}>-*",
            "CodeBuild creates a report group when a build first reports, and begins its name with the project's",
        )
        _accept(policy, read, report_groups)


def _own_policy_of(role: iam.IRole | None) -> iam.CfnPolicy:
    """Return the policy that the library has written for the role."""
    return cast(iam.CfnPolicy, cast(iam.IRole, role).node.find_child("DefaultPolicy").node.default_child)


def _narrow_keys(policy: iam.CfnPolicy, stores: Sequence[ArtifactStore]) -> dict[str, str]:
    """Let the pipeline use the keys of other regions' stores instead of all keys; return the findings of that.

    The library cannot name a key of another region, which has no ARN yet. Its alias is known, and KMS tells which
    aliases a key has; of a new one it may take five minutes to (KMS Developer Guide, "Use aliases to control access").
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
    findings = (wildcards.resource(key, "Only the key with the alias of the region's artifact store") for key in keys)
    return {finding: reason for found in findings for finding, reason in found.items()}


def _accept(policy: iam.CfnPolicy, *findings: Mapping[str, str]) -> None:
    """Accept the findings, and that the policy is its role's own."""
    acknowledge(policy, {finding: reason for found in (OWN_POLICY, *findings) for finding, reason in found.items()})


def _accept_sources(pipeline: CodePipeline) -> None:
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
