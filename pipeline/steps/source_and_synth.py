"""The first two steps: fetch the commit, then synthesize it to a cloud assembly."""

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, CodePipelineSource, FileSet, IFileSetProducer

from pipeline.build_projects import cached_downloads, download_cache
from settings import RepositorySettings

SOURCE_ACTION = "Source"
CHECKOUT = "source"
"""The folder in which the Synth action leaves the commit's files for the other builds."""


def source(repository: RepositorySettings) -> CodePipelineSource:
    """Return the commit a push brought, which the Synth action clones through the CodeConnections connection.

    A clone has the history, from which approvers see each commit since the last release. Only a build may clone, and
    whoever clones may use the connection, so the other builds get the files from the Synth action (`checkout`).
    """
    return CodePipelineSource.connection(
        repository.name,
        repository.branch,
        connection_arn=repository.connection_arn,
        action_name=SOURCE_ACTION,
        code_build_clone_output=True,
    )


def allow_connection(
    pipeline: codepipeline.Pipeline, synth_project: codebuild.IProject, repository: RepositorySettings
) -> None:
    """Let the pipeline and the Synth action use the connection by the service's present name too.

    The library grants only `codestar-connections`, the former name, which does not cover newer connections.
    """
    statement = iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[repository.connection_arn])
    pipeline.add_to_role_policy(statement)
    synth_project.add_to_role_policy(statement)


def synth_step(source: IFileSetProducer, *, logging: codebuild.LoggingOptions) -> CodeBuildStep:
    """Return the build that checks the commit and synthesizes it.

    The commands never change: how to build is part of the commit, so a push can fix a broken build.
    """
    return CodeBuildStep(
        "Synth",
        input=source,
        commands=["make synth", f"git checkout-index --all --prefix={CHECKOUT}/"],
        primary_output_directory="cdk.out",
        partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", **cached_downloads()}),
        cache=download_cache(),
        logging=logging,
    )


def checkout(synth: CodeBuildStep) -> FileSet:
    """Return the commit's files, without its history, for the builds after the Synth action."""
    return synth.add_output_directory(CHECKOUT)
