"""The first two steps: fetch the commit, then synthesize it to a cloud assembly."""

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, CodePipelineSource, IFileSetProducer

from pipeline.build_projects import cached_downloads, download_cache
from settings import RepositorySettings


def source(repository: RepositorySettings) -> CodePipelineSource:
    """Return the commit a push brought, fetched through the CodeConnections connection."""
    return CodePipelineSource.connection(
        repository.name,
        repository.branch,
        connection_arn=repository.connection_arn,
        action_name="Source",
    )


def allow_connection(pipeline: codepipeline.Pipeline, repository: RepositorySettings) -> None:
    """Let the pipeline use the connection by the service's present name too.

    The library grants only `codestar-connections`, the former name, which does not cover newer connections.
    """
    pipeline.add_to_role_policy(
        iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[repository.connection_arn])
    )


def synth_step(source: IFileSetProducer, *, logging: codebuild.LoggingOptions) -> CodeBuildStep:
    """Return the build that checks the commit and synthesizes it.

    Its one command never changes: how to build is part of the commit, so a push can fix a broken build.
    """
    return CodeBuildStep(
        "Synth",
        input=source,
        commands=["make synth"],
        primary_output_directory="cdk.out",
        partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", **cached_downloads()}),
        cache=download_cache(),
        logging=logging,
    )
