"""The step that reviews what a release would change and lose in an environment, before it is deployed."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, CodePipelineSource, IFileSetProducer

from pipeline.artifact_stores import ArtifactStore
from pipeline.build_projects import cached_downloads, download_cache
from pipeline.built_pipeline import StageConditions
from pipeline.permissions.account_roles import EVERY_LOOKUP_ROLE
from stages.yawl_stage import YawlStage

REVIEWS = "change-reviews"
"""The folder of the artifact store with the reviews."""
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
    lookup roles. Summary, commit title and address of the review are variables for the approval. `later_stages` are
    this environment's: if an earlier execution is still in one of them, the summary warns that the comparison may be
    out of date. One review of the pipeline must also look for `removed_environments`.
    """

    def __init__(
        self,
        stages: Sequence[YawlStage],
        *,
        source: CodePipelineSource,
        assembly: IFileSetProducer,
        store: ArtifactStore,
        pipeline_name: str,
        later_stages: Sequence[str],
        removed_environments: bool,
        logging: codebuild.LoggingOptions,
    ) -> None:
        home = Stack.of(store)
        name = stages[0].name
        self.arguments = ReviewArguments(
            environment=name,
            stages=[stage.artifact_id for stage in stages],
            last_stacks=[stage.monitoring.stack_name for stage in stages],
            removed_environments=removed_environments,
        )
        """What it compares."""
        reviews = f"{store.bucket.bucket_name}/{REVIEWS}"
        super().__init__(
            "ReviewChanges",
            input=source,
            additional_inputs={"cdk.out": assembly},
            commands=[
                f"make change-review ARGS='{self.arguments.options('cdk.out')}'",
                # An exported variable must not be empty.
                'export CHANGES="$(cat report/change-review.txt)" TITLE="$(cat report/title.txt)"',
                'export REVIEW="$(cat report/address.txt)"',
            ],
            env={
                "COMMIT": source.source_attribute("CommitId"),
                "PIPELINE": pipeline_name,
                "EXECUTION": "#{codepipeline.PipelineExecutionId}",
                "PUBLISH_TO": reviews,
                "LATER_STAGES": " ".join(later_stages),
            },
            role_policy_statements=[
                iam.PolicyStatement(
                    actions=["sts:AssumeRole"],
                    resources=[EVERY_LOOKUP_ROLE],
                ),
                iam.PolicyStatement(
                    actions=["codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState"],
                    resources=[f"arn:aws:codepipeline:{home.region}:{home.account}:{pipeline_name}"],
                ),
                iam.PolicyStatement(actions=["s3:PutObject"], resources=[store.bucket.arn_for_objects(f"{REVIEWS}/*")]),
                iam.PolicyStatement(actions=["kms:GenerateDataKey"], resources=[store.key.key_arn]),
            ],
            partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", **cached_downloads()}),
            cache=download_cache(),
            logging=logging,
        )
        self._environment = name
        self.summary = self.exported_variable("CHANGES")
        """The numbers in one line: `prod: nothing changes`."""
        self.commit_title = self.exported_variable("TITLE")
        """The first line of the commit's message."""
        self.address = self.exported_variable("REVIEW")
        """Where the review can be read."""

    def skip_without_changes(self, conditions: StageConditions, stage: str) -> None:
        """Skip a stage when the review has found no change (aws-cdk#18218)."""
        conditions.skip_unless(
            stage,
            name="SomethingChanges",
            variable=self.summary,
            differs_from=f"{self._environment}: {NOTHING}",
        )
