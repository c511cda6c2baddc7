"""The step that watches an environment for a while after a release."""

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, IFileSetProducer

from pipeline.build_projects import cached_downloads, download_cache
from pipeline.hotfix import HOTFIX_VALUE
from stacks.monitoring.alarm_reader_role import alarm_reader_role_name
from stages.yawl_stage import YawlStage


class BakeStep(CodeBuildStep):
    """A build that watches the alarm over the environment `stage` has deployed; it fails when the alarm is in ALARM.

    CodePipeline's own alarm rule looks once: it would miss an alarm a minute later, or one that has cleared. A hotfix
    skips the bake if `hotfix_skips`.
    """

    def __init__(
        self, source: IFileSetProducer, stage: YawlStage, *, hotfix_skips: bool, logging: codebuild.LoggingOptions
    ) -> None:
        minutes = stage.settings.bake_minutes
        role = f"arn:aws:iam::{stage.settings.account}:role/{alarm_reader_role_name(stage.name)}"
        super().__init__(
            "Bake",
            input=source,
            commands=["make bake"],
            env={
                "ENVIRONMENT": stage.name,
                "ENVIRONMENT_REGION": stage.settings.region,
                "ALARM_NAME": f"yawl-{stage.name}-health",
                "BAKE_MINUTES": str(minutes),
                "ALARM_READER_ROLE_ARN": role,
                **({"HOTFIX": HOTFIX_VALUE} if hotfix_skips else {}),
            },
            role_policy_statements=[iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[role])],
            partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", **cached_downloads()}),
            cache=download_cache(),
            logging=logging,
            timeout=Duration.minutes(minutes + 15),
        )
