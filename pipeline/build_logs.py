"""What the pipeline's builds print."""

from typing import cast

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.shared.log_group import LogGroup


class BuildLogs(Construct):
    """One log group per build project, each encrypted with `key` and kept for `retention_days`.

    Without one, CodeBuild keeps lines for ever.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, retention_days: int) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self._retention_days = retention_days

    def of(self, project: str) -> codebuild.LoggingOptions:
        """Return where the project writes."""
        group = LogGroup(self, project, key=self._key, retention_days=self._retention_days, retain_data=True)
        return codebuild.LoggingOptions(
            cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=cast(logs.ILogGroup, group))
        )
