"""The step that asks a deployed environment whether it works."""

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

    What the tests need to know of the stacks comes from their outputs. In the environment's account they may do what
    its verifier role may, and nothing else. Their summary is a variable for those who decide.
    """

    def __init__(self, source: IFileSetProducer, stage: YawlStage, *, logging: codebuild.LoggingOptions) -> None:
        expected = stage.settings.verification
        told = {
            "APPLICATION": stage.application.test_variables,
            "CACHE": stage.cache.test_variables,
            "DATABASE": stage.database.test_variables,
            "DISTRIBUTION": stage.distribution.test_variables,
            "STORAGE": stage.storage.test_variables,
        }
        # Copies in another region serve nobody; the pipeline has waited until they are there.
        region = stage.settings.region
        stacks = [stack for stack in stage.node.children if isinstance(stack, Stack) and stack.region == region]
        super().__init__(
            "IntegrationTests",
            input=source,
            commands=[f"export {' '.join(f'${name}' for name in told)}", "make integration-tests"],
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
            env_from_cfn_outputs=told,
            role_policy_statements=[
                iam.PolicyStatement(
                    actions=["sts:AssumeRole"],
                    resources=[f"arn:aws:iam::{stage.settings.account}:role/yawl-{stage.name}-integration-tests"],
                )
            ],
            partial_build_spec=codebuild.BuildSpec.from_object(
                {
                    "version": "0.2",
                    # Also of tests that failed: the last command that ran may have written one.
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
            # The tests wait until the deadline before they fail, and say what they saw; the build must outlive that.
            timeout=Duration.minutes(expected.deadline_seconds // 60 + 15),
        )
        self.summary = self.exported_variable("SUMMARY")
        """The outcome in one line: `dev: 24 passed in 12.3 s, p99 31 ms`."""
        _keep_variables(self.summary)


def _keep_variables(*variables: str) -> None:
    """Have CodePipeline keep these exported variables, whether or not a later action refers to them.

    It keeps the variables of an action that has a namespace, and the library gives an action one only where a step
    refers to its variables: the tests of the last environment would tell nobody their outcome.
    """
    _Reader(*variables)


class _Reader(ManualApprovalStep):
    """A step that refers to variables and is part of no pipeline."""

    def __init__(self, *variables: str) -> None:
        super().__init__("Reader")
        self._discover_referenced_outputs(list(variables))
