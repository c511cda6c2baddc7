"""The manual approval before an environment."""

from collections.abc import Sequence

from aws_cdk.pipelines import CodePipelineSource, ManualApprovalStep

from pipeline.steps.change_review_step import ChangeReviewStep
from settings import Settings

MOST_SUMMARIES = 3
"""Of the nearest earlier environments, so that the comment stays short."""


class ApprovalStep(ManualApprovalStep):
    """Stops before the environment `name` until somebody approves.

    The comment has the commit, the one that runs now, the highest risk, the changes, and the test results of earlier
    environments, `test_summaries` in their order. It stays below the 1,000 characters that CodePipeline takes for a
    value of an action's configuration (CodePipeline API Reference, "ActionConfiguration"); the commits between would
    not, so the review has them.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        test_summaries: Sequence[str],
        source: CodePipelineSource,
        review: ChangeReviewStep,
        pipeline_name: str,
    ) -> None:
        environment = settings.environments[name]
        region = settings.pipeline.region
        commit = source.source_attribute("CommitId")
        passed = (
            f"Test results: {'; '.join(test_summaries[-MOST_SUMMARIES:])}."
            if test_summaries
            else "No earlier environment has tested it."
        )
        comment = (
            f"Deploy {commit} “{review.commit_title}” to {name} (account {environment.account}, "
            f"{', '.join([environment.region, *environment.further_regions])})? Runs now: {review.runs}. "
            f"Risk: {review.risk}. {review.summary}. {passed} "
            f"Execution: https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{pipeline_name}"
            f"/executions/#{{codepipeline.PipelineExecutionId}}/timeline?region={region}"
        )
        super().__init__("Approve", comment=comment, review_url=review.address)
        # Lets the earlier actions export the variables in these.
        self._discover_referenced_outputs([comment, review.address])
