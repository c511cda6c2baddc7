"""The pipeline's stages for one environment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk.pipelines import CodeBuildStep, CodePipeline, CodePipelineSource, FileSet, IFileSetProducer, Step

from pipeline.build_projects import BuildLogs
from pipeline.built_pipeline import StageConditions
from pipeline.events.release_records import ReleaseRecords
from pipeline.hotfix import hotfix_skips_bake
from pipeline.steps.approval_step import ApprovalStep
from pipeline.steps.bake_step import BakeStep
from pipeline.steps.change_review_step import ChangeReviewStep
from pipeline.steps.integration_tests_step import IntegrationTestsStep
from settings import Settings
from stages.yawl_stage import YawlStage


@dataclass(frozen=True, kw_only=True)
class Release:
    """What all environments' deliveries share."""

    source: CodePipelineSource
    checkout: FileSet
    """The commit's files."""
    assembly: IFileSetProducer
    records: ReleaseRecords
    logs: BuildLogs
    pipeline_name: str


class EnvironmentDelivery:
    """The pipeline's stages for one environment: a review, an approval where it asks for one, and the deployments.

    CodePipeline skips, delays and rolls back whole stages, so each of these is a stage: the approval is skipped when
    nothing changes, only deployments wait for the window and are rolled back. One review and one approval cover all
    regions. The environment's own region is the first wave, and each wave a stage that starts after the one before has
    baked.
    """

    def __init__(
        self,
        pipeline: CodePipeline,
        waves: Sequence[Sequence[YawlStage]],
        *,
        settings: Settings,
        release: Release,
        earlier: Sequence["EnvironmentDelivery"],
    ) -> None:
        """`earlier` are the environments that receive each release before this one."""
        [[self.stage], *_] = waves
        self.name = self.stage.name
        """The environment's name."""
        self.in_all_regions = [stage for wave in waves for stage in wave]
        """The environment in each of its regions, its own first."""
        self._settings = self.stage.settings
        self._hotfix_skips_bake = hotfix_skips_bake(self.name, settings)
        self._release = release
        name = self.stage.node.id
        approvals = [f"{name}Approval"] if self._settings.approval else []
        self.deployments = [
            members[0].node.id if len(members) == 1 else f"{name}Wave{number}"
            for number, members in enumerate(waves, start=1)
        ]
        """The stages that deploy, one for each wave."""
        self.review = ChangeReviewStep(
            self.in_all_regions,
            source=release.source,
            checkout=release.checkout,
            assembly=release.assembly,
            records=release.records,
            earlier=[one.name for one in earlier],
            pipeline_name=release.pipeline_name,
            later_stages=[*approvals, *self.deployments],
            removed_environments=not earlier,
            logging=release.logs.for_project(f"{name}ReviewChanges"),
        )
        self.tests: list[IntegrationTestsStep] = []
        self.bakes: list[CodeBuildStep] = []
        pipeline.add_wave(f"{name}Review", pre=[self.review])
        if self._settings.approval:
            approval = ApprovalStep(
                self.name,
                settings=settings,
                test_summaries=dict(found for one in earlier for found in one.test_summaries()),
                source=release.source,
                review=self.review,
                pipeline_name=release.pipeline_name,
            )
            pipeline.add_wave(f"{name}Approval", pre=[approval])
        self.entry = [f"{name}Review", *approvals]
        """The stages of the review and the approval."""
        self.stages = dict.fromkeys(self.entry, self.name)
        """The pipeline's stages for this environment, each with the environment's name for notices."""
        for number, (stage_name, members) in enumerate(zip(self.deployments, waves, strict=True), start=1):
            wave = pipeline.add_wave(stage_name)
            for member in members:
                wave.add_stage(member, post=self._verification(member))
            regions = ", ".join(member.settings.region for member in members)
            self.stages[stage_name] = self.name if number == 1 else f"{self.name} in {regions}"

    def test_summaries(self) -> Iterator[tuple[str, str]]:
        """Yield the name in each region with the outcome of its tests."""
        for stage, tests in zip(self.in_all_regions, self.tests, strict=True):
            yield stage.name, tests.summary

    def _verification(self, stage: YawlStage) -> Sequence[Step]:
        """Return the steps after a deployment in one region: its tests, then the bake."""
        checkout, logs = self._release.checkout, self._release.logs
        tests = IntegrationTestsStep(checkout, stage, logging=logs.for_project(f"{stage.node.id}IntegrationTests"))
        self.tests.append(tests)
        if not stage.settings.bake_minutes:
            return [tests]
        bake = BakeStep(
            checkout, stage, hotfix_skips=self._hotfix_skips_bake, logging=logs.for_project(f"{stage.node.id}Bake")
        )
        self.bakes.append(bake)
        return Step.sequence([tests, bake])

    def set_conditions(self, conditions: StageConditions) -> None:
        """Set the conditions around the stages."""
        if self._settings.approval:
            self.review.skip_without_changes(conditions, f"{self.stage.node.id}Approval")
        for stage in self.deployments:
            if window := self._settings.deployment_window:
                conditions.enter_in_window(stage, cron=window.cron, time_zone=window.time_zone)
            conditions.roll_back_on_failure(stage)
