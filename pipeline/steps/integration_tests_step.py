"""The step that tests a deployed environment."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildStep, IFileSetProducer, ManualApprovalStep

from pipeline.build_projects import cached_downloads, download_cache
from stacks.application_stack import HEALTH_PATH
from stages.yawl_stage import YawlStage

REPORT = "integration-tests.xml"
SUMMARY = "integration-tests.txt"


class IntegrationTestsStep(CodeBuildStep):
    """A build that runs the commit's `integration_tests/` against the environment `stage` has deployed.

    The tests' variables come from the stacks' outputs, their permissions from the environment's integration test role.
    Their summary is a variable for later approvals.
    """

    def __init__(self, source: IFileSetProducer, stage: YawlStage, *, logging: codebuild.LoggingOptions) -> None:
        expected = stage.settings.verification
        output_variables = {
            "APPLICATION": stage.application.test_variables,
            "CACHE": stage.cache.test_variables,
            "DATABASE": stage.database.test_variables,
            "DISTRIBUTION": stage.distribution.test_variables,
            "STORAGE": stage.storage.test_variables,
        }
        # Stacks in another region hold copies only.
        region = stage.settings.region
        stacks = [stack for stack in stage.node.children if isinstance(stack, Stack) and stack.region == region]
        super().__init__(
            "IntegrationTests",
            input=source,
            commands=[f"export {' '.join(f'${name}' for name in output_variables)}", "make integration-tests"],
            env={
                "ENVIRONMENT": stage.name,
                "ENVIRONMENT_REGION": region,
                "HEALTH_PATH": HEALTH_PATH,
                "ALARM_NAME_PREFIX": f"yawl-{stage.name}-",
                "STACK_NAMES": ",".join(stack.stack_name for stack in stacks),
                "DEADLINE_SECONDS": str(expected.deadline_seconds),
                "CONSECUTIVE_SUCCESSES": str(expected.consecutive_successes),
                "SAMPLE_REQUESTS": str(expected.sample_requests),
                "P99_LIMIT_SECONDS": str(expected.p99_limit_milliseconds / 1000),
                "ERROR_RATE_LIMIT_PERCENT": str(expected.error_limit_percent),
            },
            env_from_cfn_outputs=output_variables,
            role_policy_statements=[
                iam.PolicyStatement(
                    actions=["sts:AssumeRole"],
                    resources=[f"arn:aws:iam::{stage.settings.account}:role/yawl-{stage.name}-integration-tests"],
                )
            ],
            partial_build_spec=codebuild.BuildSpec.from_object(
                {
                    "version": "0.2",
                    # Failed tests have a summary too.
                    "phases": {"build": {"finally": [f'export SUMMARY="$(cat report/{SUMMARY})"']}},
                    "reports": {
                        "integration-tests": {
                            "base-directory": "report",
                            "files": [REPORT],
                            "file-format": "JUNITXML",
                        }
                    },
                    **cached_downloads(),
                }
            ),
            cache=download_cache(),
            logging=logging,
            # The tests report what they saw at the deadline; the build must outlast it.
            timeout=Duration.minutes(expected.deadline_seconds // 60 + 15),
        )
        self.summary = self.exported_variable("SUMMARY")
        """The outcome in one line: `dev: 24 passed in 12.3 s, p99 31 ms`."""
        _keep_variables(self.summary)


def _keep_variables(*variables: str) -> None:
    """Let CodePipeline keep these variables even if no later action refers to them.

    CodePipeline keeps the variables of actions with a namespace, and the library gives an action one only if a step
    refers to its variables. The notifier and the recorder read those of the last environment's tests.
    """
    _Reader(*variables)


class _Reader(ManualApprovalStep):
    """A step that refers to variables and is part of no pipeline."""

    def __init__(self, *variables: str) -> None:
        super().__init__("Reader")
        self._discover_referenced_outputs(list(variables))
