"""The pipeline from a push to production."""

from typing import cast

from aws_cdk import Environment, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_codepipeline import PipelineType
from aws_cdk.pipelines import CodeBuildOptions, CodePipeline, Step
from constructs import Construct

from pipeline.approval_step import ApprovalStep
from pipeline.approval_topic import ApprovalTopic
from pipeline.artifact_store import ArtifactStore
from pipeline.build_defaults import build_defaults
from pipeline.build_logs import BuildLogs
from pipeline.change_review_step import ChangeReviewStep
from pipeline.docker_layer_cache import cache_docker_layers
from pipeline.integration_tests_step import IntegrationTestsStep
from pipeline.permissions import settle_permissions
from pipeline.replica_store import ReplicaStore
from pipeline.source import allow_connection, source
from pipeline.synth_step import synth_step
from pipeline.tool_versions import ToolVersions
from settings import Settings
from stages.yawl_stage import YawlStage


class PipelineStack(Stack):
    """Source, Synth, SelfMutate, Assets, then every environment in the order of `settings.environments`.

    An environment is a review of what changes, a gate where its settings ask for one, its stacks, and the integration
    tests.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, tool_versions: ToolVersions, env: Environment
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="YAWL from a push to production")
        self._settings = settings
        store = ArtifactStore(self, "ArtifactStore", retention_days=settings.pipeline.artifact_retention_days)
        stores = {self.region: store.bucket, **self._replica_stores(scope)}
        logs = BuildLogs(self, "BuildLogs", retention_days=settings.pipeline.log_retention_days)
        topic = ApprovalTopic(self, "ApprovalTopic", key=store.key, email=settings.pipeline.approval_email)
        commit = source(settings.repository)
        synth = synth_step(commit, logging=logs.of("Synth"))
        pipeline = CodePipeline(
            self,
            "Pipeline",
            pipeline_name=construct_id,
            pipeline_type=PipelineType.V2,
            cross_region_replication_buckets=stores,
            synth=synth,
            code_build_defaults=build_defaults(),
            cli_version=tool_versions.cdk,
            self_mutation_code_build_defaults=CodeBuildOptions(logging=logs.of("SelfMutate")),
            cdk_assets_cli_version=tool_versions.cdk_assets,
            asset_publishing_code_build_defaults=CodeBuildOptions(logging=logs.of("Assets")),
            # One project publishes everything, a stack is one action, and all actions share the pipeline's role: a
            # fraction of the builds, actions and roles the library makes by default.
            publish_assets_in_parallel=False,
            use_change_sets=False,
            use_pipeline_role_for_actions=True,
        )
        tests: list[IntegrationTestsStep] = []
        verified: list[str] = []
        reviews: list[ChangeReviewStep] = []
        for name, environment in settings.environments.items():
            stage = YawlStage(
                self,
                name.capitalize(),
                name=name,
                settings=environment,
                image=settings.image_of(name),
                pipeline_account=settings.pipeline.account,
            )
            review = ChangeReviewStep(
                stage,
                source=commit,
                assembly=synth,
                store=store,
                pipeline_name=construct_id,
                logging=logs.of(f"{stage.node.id}ReviewChanges"),
            )
            reviews.append(review)
            gates: list[Step] = [review]
            if environment.approval:
                # In a stage of its own, so that the next one need not be entered when nothing changes.
                pipeline.add_wave(f"{stage.node.id}Review", pre=[review])
                gates = [
                    ApprovalStep(
                        name,
                        settings=settings,
                        verified=list(verified),
                        source=commit,
                        review=review,
                        pipeline_name=construct_id,
                        topic=cast(sns.ITopic, topic),
                    )
                ]
            test = IntegrationTestsStep(commit, stage, logging=logs.of(f"{stage.node.id}IntegrationTests"))
            pipeline.add_stage(stage, pre=gates, post=[test])
            tests.append(test)
            # A stage that may be passed by has no summary then, and what refers to one fails without it.
            verified.append(f"{name} (if anything changed)" if environment.approval else test.summary)
        pipeline.build_pipeline()
        allow_connection(pipeline.pipeline, settings.repository)
        cache_docker_layers(pipeline)
        for review, environment in zip(reviews, settings.environments.values(), strict=True):
            if environment.approval:
                review.skip_stage_without_changes(pipeline.pipeline)
        settle_permissions(pipeline, reviews=reviews, tests=tests, stores=list(stores.values()))

    def _replica_stores(self, scope: Construct) -> dict[str, s3.IBucket]:
        """Return an artifact bucket for each further region that an environment is in."""
        regions = {environment.region for environment in self._settings.environments.values()} - {self.region}
        buckets: dict[str, s3.IBucket] = {}
        for region in sorted(regions):
            replica = ReplicaStore(
                scope,
                f"{self.node.id}-{region}",
                env=Environment(account=self.account, region=region),
                retention_days=self._settings.pipeline.artifact_retention_days,
            )
            buckets[region] = replica.bucket
        return buckets
