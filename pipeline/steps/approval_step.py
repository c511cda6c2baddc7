"""The gate before an environment: a person decides."""

from collections.abc import Sequence

from aws_cdk.pipelines import CodePipelineSource, ManualApprovalStep

from pipeline.steps.change_review_step import ChangeReviewStep
from settings import Settings

MOST_SUMMARIES = 3
"""Of the environments before this one, the nearest: the comment is short."""


class ApprovalStep(ManualApprovalStep):
    """Stops before the environment `name` and tells the approver what waits, what it changes, and what it has passed.

    `verified` has what is to be said of each environment before this one, in their order.
    The comment names the commit and the run, never sizes or images: those change with the application, and the
    pipeline does not. It stays below the 1,000 characters CodePipeline takes; a commit's whole message would not.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        verified: Sequence[str],
        source: CodePipelineSource,
        review: ChangeReviewStep,
        pipeline_name: str,
    ) -> None:
        environment = settings.environments[name]
        region = settings.pipeline.region
        commit = source.source_attribute("CommitId")
        passed = (
            f"Tested before: {'; '.join(verified[-MOST_SUMMARIES:])}."
            if verified
            else "Nothing has been tested before."
        )
        comment = (
            f"Deploy commit {commit} “{review.commit_title}” to {name} (account {environment.account}, "
            f"{', '.join([environment.region, *environment.further_regions])})? {review.summary}. {passed} "
            f"Approving updates {name} and tests it; rejecting, or waiting, leaves it as it is. "
            f"This run: https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{pipeline_name}"
            f"/executions/#{{codepipeline.PipelineExecutionId}}/timeline?region={region}"
        )
        super().__init__("Approve", comment=comment, review_url=review.address)
        # Without this the library would not have the actions before publish what stands in these.
        self._discover_referenced_outputs([comment, review.address])
