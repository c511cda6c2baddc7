"""The step that reviews what a release would change and lose in an environment, before it is deployed."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, CodePipelineSource, FileSet, IFileSetProducer

from pipeline.build_projects import cached_downloads, download_cache
from pipeline.built_pipeline import StageConditions
from pipeline.events.release_records import ReleaseRecords
from pipeline.permissions.account_roles import EVERY_LOOKUP_ROLE
from stages.yawl_stage import YawlStage

REVIEWS = "change-reviews"
"""The folder of the reviews in the bucket of the release records."""
NOTHING = "nothing changes"
"""How the summary of a review ends when there is nothing to approve."""


@dataclass(frozen=True, kw_only=True)
class ReviewArguments:
    """What one review compares."""

    environment: str
    stages: Sequence[str]
    """Folders in the assembly."""
    last_stacks: Sequence[str]
    """The stack of each stage that is deployed last."""
    removed_environments: bool
    """Whether it also looks for stacks of environments that are no longer released."""

    @classmethod
    def of(cls, stages: Sequence[YawlStage], *, removed_environments: bool) -> "ReviewArguments":
        """Return those of an environment with these stages."""
        return cls(
            environment=stages[0].name,
            stages=[stage.artifact_id for stage in stages],
            last_stacks=[stage.monitoring.stack_name for stage in stages],
            removed_environments=removed_environments,
        )

    def options(self, assembly: str) -> str:
        """Return the command line options, for an assembly in this folder."""
        stages = [
            f"--stage {assembly}/{stage} --last-stack {last}"
            for stage, last in zip(self.stages, self.last_stacks, strict=True)
        ]
        removed = ["--removed-environments"] if self.removed_environments else []
        return " ".join([f"--environment {self.environment}", *stages, *removed])


class ChangeReviewStep(CodeBuildStep):
    """A build that compares the assembly with what an environment has deployed; findings stop the release.

    `stages` has the environment in each of its regions, its own first. The build reads its account through the CDK's
    lookup roles, and what it runs now in its release record. The review is a page beside the records, as long as they
    are kept; what an approver needs first are variables. `earlier` are the environments that receive a release before
    this one; the first review also looks for environments that were removed. `later_stages` are this environment's: if
    an earlier execution is still in one of them, the summary warns that the comparison may be out of date.
    """

    def __init__(
        self,
        stages: Sequence[YawlStage],
        *,
        source: CodePipelineSource,
        checkout: FileSet,
        assembly: IFileSetProducer,
        records: ReleaseRecords,
        earlier: Sequence[str],
        pipeline_name: str,
        later_stages: Sequence[str],
        removed_environments: bool,
        logging: codebuild.LoggingOptions,
    ) -> None:
        name = stages[0].name
        self.arguments = ReviewArguments.of(stages, removed_environments=removed_environments)
        """What it compares."""
        own_reviews = f"{REVIEWS}/{name}/*"
        readable = [f"{name}/*", *(path for one in earlier for path in (f"{one}/*", f"{REVIEWS}/{one}/*"))]
        before = "".join(f" --earlier {one}" for one in earlier)
        super().__init__(
            "ReviewChanges",
            input=checkout,
            additional_inputs={"cdk.out": assembly},
            commands=[
                f"make change-review ARGS='{self.arguments.options('cdk.out')}{before}'",
                # An exported variable must not be empty.
                'export CHANGES="$(cat report/change-review.txt)" TITLE="$(cat report/title.txt)"',
                'export REVIEW="$(cat report/address.txt)" RUNS="$(cat report/runs.txt)"',
                'export RISK="$(cat report/risk.txt)" COMMITS="$(cat report/commits.txt)"',
            ],
            env={
                "COMMIT": source.source_attribute("CommitId"),
                "PIPELINE": pipeline_name,
                "EXECUTION": "#{codepipeline.PipelineExecutionId}",
                "PUBLISH_TO": f"{records.bucket.bucket_name}/{REVIEWS}",
                "LATER_STAGES": " ".join(later_stages),
            },
            role_policy_statements=_permissions(records, pipeline_name, written=own_reviews, read=readable),
            partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", **cached_downloads()}),
            cache=download_cache(),
            logging=logging,
        )
        self._environment = name
        self.record_patterns = [own_reviews, *readable]
        """The objects of the records' bucket that the build may read or write."""
        self.summary = self.exported_variable("CHANGES")
        """The numbers in one line: `prod: nothing changes`."""
        self.commit_title = self.exported_variable("TITLE")
        """The first line of the commit's message."""
        self.address = self.exported_variable("REVIEW")
        """Where the review can be read."""
        self.runs = self.exported_variable("RUNS")
        """What the environment runs now: commit, title, and how far it is behind."""
        self.risk = self.exported_variable("RISK")
        """The highest risk in one line."""
        # Only the notification function reads it.
        self.commits = self.exported_variable("COMMITS")
        """The commits between, as a JSON list of lines."""

    def skip_without_changes(self, conditions: StageConditions, stage: str) -> None:
        """Skip a stage when the review has found no change (aws-cdk#18218)."""
        conditions.skip_unless(
            stage,
            name="SomethingChanges",
            variable=self.summary,
            differs_from=f"{self._environment}: {NOTHING}",
        )


def _permissions(
    records: ReleaseRecords, pipeline_name: str, *, written: str, read: Sequence[str]
) -> list[iam.PolicyStatement]:
    """Return what a review may do; `written` and `read` are objects of the records' bucket."""
    home = Stack.of(records)
    pipeline = f"arn:aws:codepipeline:{home.region}:{home.account}:{pipeline_name}"
    return [
        iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[EVERY_LOOKUP_ROLE]),
        iam.PolicyStatement(
            actions=["codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState"], resources=[pipeline]
        ),
        iam.PolicyStatement(actions=["s3:PutObject"], resources=[records.bucket.arn_for_objects(written)]),
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=[records.bucket.bucket_arn]),
        iam.PolicyStatement(
            actions=["s3:GetObject"], resources=[records.bucket.arn_for_objects(path) for path in read]
        ),
        iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[records.key.key_arn]),
    ]
