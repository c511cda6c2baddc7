"""The manual approval before an environment."""

from collections.abc import Mapping
from typing import Final

from aws_cdk.pipelines import CodePipelineSource, ManualApprovalStep

from pipeline.steps.change_review_step import ChangeReviewStep
from settings import EnvironmentSettings, Settings
from settings.validation.toml_format import listed

MOST_CHARACTERS: Final = 1000
"""Of a value in an action's configuration (CodePipeline API Reference, "ActionConfiguration")."""
MOST_SUMMARIES: Final = 3
"""Of the nearest earlier environments, so that the comment stays short."""
MOST_REGIONS: Final = 4
"""Regions that the comment names."""
LONGEST: Final = {"commit": 40, "title": 80, "runs": 95, "risk": 90, "changes": 250, "execution": 36}
"""Characters of the variables in a comment: what the change review writes at most."""
LONGEST_RESULT: Final = len(": 99 passed, 99 skipped in 3600.0 s, p99 60000 ms, 99 remarks")
"""Characters of a test summary after the environment's name."""


class ApprovalStep(ManualApprovalStep):
    """Stops before the environment `name` until somebody approves.

    The comment has the commit, the one that runs now, the highest risk, the changes, and the test results of earlier
    environments, `test_summaries` by their names and in their order, as many as fit into CodePipeline's limit. The
    commits between would not fit, so the review has them.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        test_summaries: Mapping[str, str],
        source: CodePipelineSource,
        review: ChangeReviewStep,
        pipeline_name: str,
    ) -> None:
        environment = settings.environments[name]
        where = f"{name} (account {environment.account}, {regions(environment)})"

        def text_of(passed: str, values: Mapping[str, str]) -> str:
            return comment(where, passed, values, region=settings.pipeline.region, pipeline_name=pipeline_name)

        longest = text_of("", {variable: "x" * length for variable, length in LONGEST.items()})
        values = {
            "commit": source.source_attribute("CommitId"),
            "title": review.commit_title,
            "runs": review.runs,
            "risk": review.risk,
            "changes": review.summary,
            "execution": "#{codepipeline.PipelineExecutionId}",
        }
        text = text_of(results(test_summaries, room=MOST_CHARACTERS - len(longest)), values)
        super().__init__("Approve", comment=text, review_url=review.address)
        # Lets the earlier actions export the variables in these.
        self._discover_referenced_outputs([text, review.address])


def comment(where: str, passed: str, values: Mapping[str, str], *, region: str, pipeline_name: str) -> str:
    """Return the comment, with the `values` of its variables by their keys in LONGEST."""
    return (
        f"Deploy {values['commit']} “{values['title']}” to {where}? Runs now: {values['runs']}. "
        f"Risk: {values['risk']}. {values['changes']}. {passed} "
        f"Execution: https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{pipeline_name}"
        f"/executions/{values['execution']}/timeline?region={region}"
    )


def regions(environment: EnvironmentSettings) -> str:
    """Return the regions in words; of many, the first."""
    names = [environment.region, *environment.further_regions]
    if len(names) <= MOST_REGIONS:
        return ", ".join(names)
    return listed([*names[: MOST_REGIONS - 1], f"{len(names) - MOST_REGIONS + 1} further regions"])


def results(test_summaries: Mapping[str, str], *, room: int) -> str:
    """Return the test results of the nearest earlier environments that fit into the room at their longest."""
    if not test_summaries:
        return "No earlier environment has tested it."
    names = list(test_summaries)[-MOST_SUMMARIES:]
    while names and len(f"Test results: {'; '.join(name + 'x' * LONGEST_RESULT for name in names)}.") > room:
        del names[0]
    if not names:
        return "Test results: in the pipeline."
    return f"Test results: {'; '.join(test_summaries[name] for name in names)}."
