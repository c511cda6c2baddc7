"""The gate before an environment: a person decides."""

from collections.abc import Sequence

from aws_cdk import aws_sns as sns
from aws_cdk.pipelines import CodePipelineSource, ManualApprovalStep

from settings import Settings


class ApprovalStep(ManualApprovalStep):
    """Stops before the environment `name` and tells the approver what waits, where it goes, and what it has passed.

    The comment names the commit and the run, never sizes or images: those change with the application, and the
    pipeline does not. It stays far below the 1,000 characters CodePipeline takes; a commit's message would not.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        verified: Sequence[str],
        source: CodePipelineSource,
        pipeline_name: str,
        topic: sns.ITopic,
    ) -> None:
        environment = settings.environments[name]
        region = settings.pipeline.region
        commit = source.source_attribute("CommitId")
        console = f"https://{region}.console.aws.amazon.com/codesuite"
        passed = (
            f"Deployed and tested before: {', '.join(verified)}." if verified else "Nothing has been tested before."
        )
        comment = (
            f"Deploy commit {commit} to {name} (account {environment.account}, {environment.region})? {passed} "
            f"Approving updates {name} and tests it; rejecting, or waiting, leaves it as it is. "
            f"This run: {console}/codepipeline/pipelines/{pipeline_name}/executions/"
            f"#{{codepipeline.PipelineExecutionId}}/timeline?region={region}"
        )
        # CodePipeline's own address of a commit: it leads to the repository whoever hosts it.
        change = (
            f"{console}/settings/connections/redirect?connectionArn={settings.repository.connection_arn}"
            f"&referenceType=COMMIT&FullRepositoryId={settings.repository.name}&Commit={commit}"
        )
        super().__init__("Approve", comment=comment, review_url=change, notification_topic=topic)
        # Without this the library would not have the source action publish its commit.
        self._discover_referenced_outputs([comment, change])
