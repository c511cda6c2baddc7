"""Where a delivery begins: a push to the repository's branch."""

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
