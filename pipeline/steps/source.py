"""Where a delivery begins: a push to the repository's branch."""

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodePipelineSource

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
    """Let the pipeline use the connection by its present name too.

    The library still grants `codestar-connections` only, the service's former name, which does not cover connections
    that were made under the new one.
    """
    pipeline.add_to_role_policy(
        iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[repository.connection_arn])
    )
