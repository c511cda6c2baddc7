"""The pipeline from a push to production."""

from collections.abc import Mapping, Sequence

from aws_cdk import Environment, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_kms as kms
from aws_cdk.aws_codepipeline import PipelineType
from aws_cdk.pipelines import CodeBuildOptions, CodeBuildStep, CodePipeline
from constructs import Construct

from pipeline.artifact_stores import ArtifactStore, ReplicaStore
from pipeline.build_projects import BuildLogs, ToolVersions, build_defaults, cache_docker_layers
from pipeline.built_pipeline import StageConditions, deliver_in_turn, environment_of, stages_of, start_on_paths
from pipeline.dashboard.dashboard import PipelineDashboard
from pipeline.dashboard.environments import EnvironmentView
from pipeline.environment_delivery import EnvironmentDelivery, Release
from pipeline.events.delivery_metrics import DeliveryMetrics
from pipeline.events.notification_topic import NotificationTopic
from pipeline.events.notifications import Notifications
from pipeline.events.release_records import ReleaseRecords
from pipeline.hotfix import declare_hotfix
from pipeline.permissions.account_roles import Readers, bound_roles
from pipeline.permissions.restrict_permissions import restrict_permissions
from pipeline.steps.self_mutation import self_mutation
from pipeline.steps.source_and_synth import SOURCE_ACTION, allow_connection, checkout, source, synth_step
from settings import EnvironmentSettings, Settings
from stacks.audit.account_audit import AccountAudit
from stacks.monitoring.environment_dashboard import dashboard_address
from stages.yawl_stage import YawlStage


class PipelineStack(Stack):
    """Source, Synth, SelfMutate, Assets, then every environment in the order of `settings.environments`.

    `environment_delivery.py` has the stages of an environment.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, tool_versions: ToolVersions, env: Environment
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description="Delivery pipeline of YAWL, from push to production",
            # Nearly a third of a template that grows with each environment, and AWS limits its bytes.
            suppress_template_indentation=True,
        )
        self._settings = settings
        self._bound_roles(self, account=self.account)
        store = ArtifactStore(self, "ArtifactStore", retention_days=settings.pipeline.artifact_retention_days)
        stores = {self.region: store, **self._replica_stores(scope)}
        logs = BuildLogs(self, "BuildLogs", key=store.key, retention_days=settings.pipeline.log_retention_days)
        approval_topic = NotificationTopic(
            self,
            "ApprovalTopic",
            display_name="YAWL delivery: approval needed",
            key=store.key,
            email=settings.pipeline.approval_email,
        )
        delivery_topic = NotificationTopic(
            self,
            "DeliveryTopic",
            display_name="YAWL delivery",
            key=store.key,
            email=settings.pipeline.notification_email,
        )
        audit = settings.audit_of_the_pipeline
        if not audit.is_empty:
            AccountAudit(
                self,
                "Audit",
                trail_name=construct_id,
                share=audit,
                log_retention_days=settings.pipeline.log_retention_days,
                retain_data=True,
            )
        commit = source(settings.repository)
        synth = synth_step(commit, logging=logs.for_project("Synth"))
        pipeline = self._build_pipeline(synth, tool_versions=tool_versions, stores=stores, logs=logs)
        records = ReleaseRecords(
            self, "ReleaseRecords", retention_days=settings.pipeline.release_retention_days, store=store
        )
        release = Release(
            source=commit,
            checkout=checkout(synth),
            assembly=synth,
            records=records,
            logs=logs,
            pipeline_name=construct_id,
        )
        deliveries: list[EnvironmentDelivery] = []
        for name, environment in settings.environments.items():
            waves = [[self._stage(name, one) for one in wave] for wave in environment.waves]
            deliveries.append(
                EnvironmentDelivery(pipeline, waves, settings=settings, release=release, earlier=list(deliveries))
            )
        self.reviews = [delivery.review.arguments for delivery in deliveries]
        """What the change reviews compare, in the order of delivery."""
        pipeline.build_pipeline()
        allow_connection(pipeline.pipeline, pipeline.synth_project, settings.repository)
        declare_hotfix(pipeline.pipeline)
        start_on_paths(pipeline.pipeline, settings.repository, source_action=SOURCE_ACTION)
        deliver_in_turn(pipeline.pipeline, queued=settings.pipeline.is_queued)
        if assets := pipeline.node.try_find_child("Assets"):
            cache_docker_layers(assets)
        conditions = StageConditions(pipeline.pipeline)
        for delivery in deliveries:
            delivery.set_conditions(conditions)
        self._add_dashboard(pipeline, deliveries=deliveries, pipeline_name=construct_id, log_key=store.key)
        self._add_event_functions(
            pipeline,
            deliveries=deliveries,
            store=store,
            records=records,
            approval_topic=approval_topic,
            delivery_topic=delivery_topic,
        )
        restrict_permissions(
            pipeline,
            reviews=[delivery.review for delivery in deliveries],
            tests=[tests for delivery in deliveries for tests in delivery.tests],
            bakes=[bake for delivery in deliveries for bake in delivery.bakes],
            stores=list(stores.values()),
            records=records.bucket,
        )

    def _build_pipeline(
        self, synth: CodeBuildStep, *, tool_versions: ToolVersions, stores: Mapping[str, ArtifactStore], logs: BuildLogs
    ) -> CodePipeline:
        return CodePipeline(
            self,
            "Pipeline",
            pipeline_name=self.node.id,
            pipeline_type=PipelineType.V2,
            cross_region_replication_buckets={region: one.bucket for region, one in stores.items()},
            synth=synth,
            code_build_defaults=build_defaults(),
            cli_version=tool_versions.cdk_of_the_assembly(),
            self_mutation_code_build_defaults=self_mutation(
                self.node.id, account=self.account, logging=logs.for_project("SelfMutate")
            ),
            cdk_assets_cli_version=tool_versions.cdk_assets,
            asset_publishing_code_build_defaults=CodeBuildOptions(logging=logs.for_project("Assets")),
            # One project publishes everything, a stack is one action, and all actions share the pipeline's role: a
            # fraction of the builds, actions and roles the library makes by default.
            publish_assets_in_parallel=False,
            use_change_sets=False,
            use_pipeline_role_for_actions=True,
        )

    def _add_event_functions(
        self,
        pipeline: CodePipeline,
        *,
        deliveries: Sequence[EnvironmentDelivery],
        store: ArtifactStore,
        records: ReleaseRecords,
        approval_topic: NotificationTopic,
        delivery_topic: NotificationTopic,
    ) -> None:
        runbooks = self._settings.runbooks_of(self.node.id.removeprefix("yawl-"))
        readers = Readers(stage for delivery in deliveries for stage in delivery.in_all_regions)
        Notifications(
            self,
            "Notifications",
            pipeline_name=self.node.id,
            settings=self._settings.pipeline,
            readers=readers,
            stages={stage: label for delivery in deliveries for stage, label in delivery.stages.items()},
            deployments=[stage for delivery in deliveries for stage in delivery.deployments],
            self_update=pipeline.self_mutation_project,
            store=store,
            approval_topic=approval_topic,
            delivery_topic=delivery_topic,
            runbooks=runbooks,
        )
        records.record(
            {stage: delivery.name for delivery in deliveries for stage in delivery.deployments},
            pipeline_name=self.node.id,
            settings=self._settings.pipeline,
            readers=readers,
            failure_topic=delivery_topic,
            runbooks=runbooks,
        )

    def _stage(self, name: str, environment: EnvironmentSettings) -> YawlStage:
        """Return the environment in one region; in a further one its name is followed by the region's."""
        is_home = environment.region == self._settings.environments[name].region
        stage = YawlStage(
            self,
            name.capitalize() if is_home else f"{name.capitalize()}-{environment.region}",
            name=name if is_home else f"{name}-{environment.region}",
            settings=environment,
            image=self._settings.image_of(name),
            audit=self._settings.audit_of(name, environment.region),
            pipeline_account=self._settings.pipeline.account,
            pipeline_dashboard=dashboard_address(self.node.id, region=self._settings.pipeline.region),
            runbooks=self._settings.runbooks_of(name if is_home else f"{name}-{environment.region}"),
            compliance=self._settings.compliance.tag,
            counts_incidents=name == list(self._settings.environments)[-1],
        )
        self._bound_roles(stage, account=environment.account)
        return stage

    def _bound_roles(self, scope: Construct, *, account: str) -> None:
        """Apply the permissions boundary if CloudFormation has least privilege."""
        if self._settings.pipeline.has_least_privilege:
            bound_roles(scope, account=account)

    def _add_dashboard(
        self,
        pipeline: CodePipeline,
        *,
        deliveries: Sequence[EnvironmentDelivery],
        pipeline_name: str,
        log_key: kms.IKey,
    ) -> None:
        """Add the built pipeline's metrics and dashboard."""
        built = stages_of(pipeline.pipeline)
        metrics = DeliveryMetrics(
            self,
            "DeliveryMetrics",
            pipeline_name=pipeline_name,
            environments=[
                environment_of(built, name=one.name, deployments=one.deployments, entry=one.entry) for one in deliveries
            ],
            watched=deliveries[-1].in_all_regions,
            log_retention_days=self._settings.pipeline.log_retention_days,
            log_key=log_key,
        )
        PipelineDashboard(
            self,
            "Dashboard",
            pipeline_name=pipeline_name,
            pipeline_address=f"https://{self.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/"
            f"{pipeline_name}/view?region={self.region}",
            runbooks=self._settings.runbooks_of(pipeline_name.removeprefix("yawl-")),
            stages=built,
            approvals=[f"{one.stage.node.id}Approval" for one in deliveries],
            environments=[one.name for one in deliveries],
            views=[
                EnvironmentView(
                    name=stage.name,
                    account=stage.settings.account,
                    region=stage.settings.region,
                    alarm_names=stage.monitoring.alarm_names,
                    dashboard=dashboard_address(f"yawl-{stage.name}", region=stage.settings.region),
                )
                for one in deliveries
                for stage in one.in_all_regions
            ],
            projects=[found.project_name for found in self.node.find_all() if isinstance(found, codebuild.Project)],
            metrics_log_group_name=metrics.events.log_group.log_group_name,
            dead_letters=metrics.events.dead_letters,
        )

    def _replica_stores(self, scope: Construct) -> dict[str, ArtifactStore]:
        """Return an artifact store for each further region that an environment has stacks in."""
        regions = {region for environment in self._settings.in_all_regions() for region in environment.regions}
        stores: dict[str, ArtifactStore] = {}
        for region in sorted(regions - {self.region}):
            replica = ReplicaStore(
                scope,
                f"{self.node.id}-{region}",
                env=Environment(account=self.account, region=region),
                retention_days=self._settings.pipeline.artifact_retention_days,
            )
            self._bound_roles(replica, account=self.account)
            stores[region] = replica.store
        return stores
