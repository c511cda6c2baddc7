"""How a release gets into one environment."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk.pipelines import CodeBuildStep, CodePipeline, CodePipelineSource, IFileSetProducer, Step

from pipeline.approval_step import ApprovalStep
from pipeline.artifact_store import ArtifactStore
from pipeline.bake_step import BakeStep
from pipeline.build_logs import BuildLogs
from pipeline.change_review_step import ChangeReviewStep
from pipeline.integration_tests_step import IntegrationTestsStep
from pipeline.stage_conditions import enter_in_window, roll_back_on_failure
from settings import Settings
from stages.yawl_stage import YawlStage


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is delivered, and what all deliveries share."""

    source: CodePipelineSource
    assembly: IFileSetProducer
    store: ArtifactStore
    logs: BuildLogs
    pipeline_name: str


class EnvironmentDelivery:
    """The pipeline's stages for one environment: a review, an approval where it asks for one, and the deployment.

    They are stages of their own because a stage is entered, passed by and rolled back as a whole: the approval is
    passed by when nothing changes, only the deployment waits for its window, and is undone when it fails.
    """

    def __init__(
        self,
        pipeline: CodePipeline,
        stage: YawlStage,
        *,
        settings: Settings,
        release: Release,
        verified: Sequence[str],
    ) -> None:
        self.name = stage.name
        """The environment's name."""
        self.stage = stage
        self._settings = stage.settings
        name, logs = stage.node.id, release.logs
        self.review = ChangeReviewStep(
            stage,
            source=release.source,
            assembly=release.assembly,
            store=release.store,
            pipeline_name=release.pipeline_name,
            logging=logs.of(f"{name}ReviewChanges"),
        )
        pipeline.add_wave(f"{name}Review", pre=[self.review])
        if self._settings.approval:
            approval = ApprovalStep(
                stage.name,
                settings=settings,
                verified=list(verified),
                source=release.source,
                review=self.review,
                pipeline_name=release.pipeline_name,
            )
            pipeline.add_wave(f"{name}Approval", pre=[approval])
        self.tests = IntegrationTestsStep(release.source, stage, logging=logs.of(f"{name}IntegrationTests"))
        self.bakes: list[CodeBuildStep] = []
        if self._settings.bake_minutes:
            self.bakes.append(BakeStep(release.source, stage, logging=logs.of(f"{name}Bake")))
        pipeline.add_stage(stage, post=Step.sequence([self.tests, *self.bakes]))
        self.deployment = name
        """The stage after which the environment has the release."""
        self.stages = [f"{name}Review", *([f"{name}Approval"] if self._settings.approval else []), name]
        """The pipeline's stages for this environment."""

    def set_conditions(self, pipeline: codepipeline.Pipeline) -> None:
        """Set the conditions around the stages, in the built pipeline."""
        name = self.stage.node.id
        if self._settings.approval:
            self.review.skip_without_changes(pipeline, f"{name}Approval")
        if window := self._settings.deployment_window:
            enter_in_window(pipeline, name, cron=window.cron, time_zone=window.time_zone)
        roll_back_on_failure(pipeline, name)
