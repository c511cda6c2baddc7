"""The pipeline from a push to production."""

from aws_cdk import Environment, Stack
from aws_cdk.aws_codepipeline import PipelineType
from aws_cdk.pipelines import CodePipeline
from constructs import Construct

from pipeline.approval_step import approval_step
from pipeline.integration_tests_step import integration_tests_step
from pipeline.source import source
from pipeline.synth_step import synth_step
from pipeline.tool_versions import ToolVersions
from settings import Settings
from stages.yawl_stage import YawlStage


class PipelineStack(Stack):
    """Source, Synth, SelfMutate, Assets, then every environment in the order of `settings.environments`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, tool_versions: ToolVersions, env: Environment
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description="Delivers YAWL from a push to production, environment by environment",
        )
        commit = source(settings.repository)
        self.pipeline = CodePipeline(
            self,
            "Pipeline",
            pipeline_name=construct_id,
            pipeline_type=PipelineType.V2,
            synth=synth_step(commit),
            cli_version=tool_versions.cdk,
            cdk_assets_cli_version=tool_versions.cdk_assets,
            publish_assets_in_parallel=False,
            use_change_sets=False,
            use_pipeline_role_for_actions=True,
            cross_account_keys=True,
            enable_key_rotation=True,
        )
        for name, environment in settings.environments.items():
            stage = YawlStage(
                self,
                name.capitalize(),
                name=name,
                settings=environment,
                image=settings.image_of(name),
                pipeline_account=settings.pipeline.account,
            )
            self.pipeline.add_stage(
                stage,
                pre=[approval_step(name, environment)] if environment.approval else [],
                post=[integration_tests_step(commit, stage)],
            )
