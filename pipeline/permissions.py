"""What the pipeline's roles may do, once the library has written their policies."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import CfnElement
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.pipelines import CodeBuildStep, CodePipeline
from constructs import IConstruct

from pipeline.change_review_step import REVIEWS
from pipeline.unused_permissions import remove_unused_permissions
from pipeline.wildcards import (
    READ_ARTIFACTS,
    USE_KEY,
    WRITE_ARTIFACTS,
    accept_actions,
    accept_objects,
    accept_resource,
)
from stacks.acknowledgments import OWN_POLICY, acknowledge


def settle_permissions(
    pipeline: CodePipeline,
    *,
    reviews: Sequence[CodeBuildStep],
    tests: Sequence[CodeBuildStep],
    bakes: Sequence[CodeBuildStep],
    stores: Sequence[s3.IBucket],
) -> None:
    """Narrow the built pipeline's roles, and acknowledge what stays wide.

    `stores` are the artifact buckets, the one of the pipeline's own region first. Nothing can be granted afterwards.
    """
    home = stores[:1]
    _accept_sources(pipeline)
    orchestration = _own_policy_of(pipeline.pipeline.role)
    accept_actions(orchestration, (*WRITE_ARTIFACTS, *USE_KEY))
    accept_objects(orchestration, stores)
    if len(stores) > 1:
        accept_resource(
            orchestration, "*", "A key of another region has no ARN yet; its own policy names who may use it"
        )

    synth = _own_policy_of(pipeline.synth_project.role)
    remove_unused_permissions(synth, reports=False)
    accept_actions(synth, (*WRITE_ARTIFACTS, *USE_KEY))
    accept_objects(synth, home)

    self_mutation = _own_policy_of(pipeline.self_mutation_project.role)
    remove_unused_permissions(self_mutation, reports=False)
    accept_actions(self_mutation, (*READ_ARTIFACTS, *USE_KEY))
    accept_objects(self_mutation, home)
    accept_resource(
        self_mutation,
        f"arn:*:iam::{pipeline.pipeline.env.account}:role/*",
        "Only roles tagged by the CDK bootstrap of the pipeline's own account, as the statement's condition says",
    )
    accept_resource(
        self_mutation, "*", "Describing stacks and listing buckets, which the CDK CLI does before it deploys"
    )

    for role in _roles_below(pipeline.node.try_find_child("Assets")):
        assets = _own_policy_of(role)
        remove_unused_permissions(assets, reports=False)
        accept_actions(assets, READ_ARTIFACTS)
        accept_objects(assets, home)

    for step in reviews:
        policy = _own_policy_of(step.project.role)
        remove_unused_permissions(policy, reports=False)
        accept_actions(policy, (*READ_ARTIFACTS, *USE_KEY))
        accept_objects(policy, home)
        accept_objects(policy, home, below=REVIEWS)

    for step in bakes:
        policy = _own_policy_of(step.project.role)
        remove_unused_permissions(policy, reports=False)
        accept_actions(policy, (*READ_ARTIFACTS, *USE_KEY))
        accept_objects(policy, home)

    for step in tests:
        policy = _own_policy_of(step.project.role)
        remove_unused_permissions(policy, reports=True)
        accept_actions(policy, (*READ_ARTIFACTS, *USE_KEY))
        accept_objects(policy, home)
        project = step.project.stack.get_logical_id(cast(CfnElement, step.project.node.default_child))
        accept_resource(
            policy,
            f"arn:aws:codebuild:{step.project.env.region}:{step.project.env.account}:report-group/<{project}>-*",
            "CodeBuild creates a report group when a build first reports, and begins its name with the project's",
        )


def _own_policy_of(role: iam.IRole | None) -> iam.CfnPolicy:
    """Return the policy that the library has written for the role, and accept that it is the role's own."""
    policy = cast(iam.CfnPolicy, cast(iam.IRole, role).node.find_child("DefaultPolicy").node.default_child)
    acknowledge(policy, OWN_POLICY)
    return policy


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
