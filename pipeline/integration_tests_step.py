"""The step that asks a deployed environment whether it works."""

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, IFileSetProducer

from pipeline.download_cache import cached_downloads, download_cache
from stacks.application import HEALTH_PATH
from stages.yawl_stage import YawlStage

REPORT = "integration-tests.xml"


def integration_tests_step(
    source: IFileSetProducer, stage: YawlStage, *, logging: codebuild.LoggingOptions
) -> CodeBuildStep:
    """Return the build that runs the commit's `integration_tests/` against the environment `stage` has deployed.

    What the tests need comes from the stage's outputs. In the environment's account they may do what its verifier role
    may, and nothing else.
    """
    application = stage.application
    expected = stage.settings.verification
    return CodeBuildStep(
        "IntegrationTests",
        input=source,
        commands=["make integration-tests"],
        env={
            "ENVIRONMENT": stage.name,
            "ENVIRONMENT_REGION": stage.settings.region,
            "HEALTH_PATH": HEALTH_PATH,
            "ALARM_NAME_PREFIX": f"yawl-{stage.name}-",
            "DEADLINE_SECONDS": str(expected.deadline_seconds),
            "CONSECUTIVE_SUCCESSES": str(expected.consecutive_successes),
        },
        env_from_cfn_outputs={
            "ALB_URL": application.load_balancer_url,
            "CLUSTER_NAME": application.cluster_name,
            "SERVICE_NAME": application.service_name,
            "TARGET_GROUP_ARN": application.target_group_arn,
            "TASK_DEFINITION_ARN": application.task_definition_arn,
            "VERIFIER_ROLE_ARN": application.verifier_role_arn,
        },
        role_policy_statements=[
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                resources=[f"arn:aws:iam::{stage.settings.account}:role/yawl-{stage.name}-integration-tests"],
            )
        ],
        partial_build_spec=codebuild.BuildSpec.from_object(
            {
                "version": "0.2",
                "reports": {
                    "integration-tests": {"base-directory": "report", "files": [REPORT], "file-format": "JUNITXML"}
                },
                **cached_downloads(),
            }
        ),
        cache=download_cache(),
        logging=logging,
        # The tests wait until the deadline before they fail, and say what they saw; the build must outlive that.
        timeout=Duration.minutes(expected.deadline_seconds // 60 + 15),
    )
