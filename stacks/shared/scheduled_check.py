"""A Lambda function that checks an environment daily and emits metrics."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge
from stacks.shared.log_group import LogGroup

DAILY_CHECKS: Final = Path(__file__).parents[2] / "lambdas" / "daily_checks"
METRICS_NAMESPACE: Final = "YAWLMaintenance"
"""The only namespace that checks may write to."""


def check_name(environment_name: str, subject: str) -> str:
    """Return the name of the function that checks the subject, such as `drift`."""
    return f"yawl-{environment_name}-{subject}-check"


class ScheduledCheck(Construct):
    """Runs the file `function` of `lambdas/daily_checks` once a day at `hour` (UTC).

    The code is inline in the template, so the pipeline needs no asset for it. It may write its log and metrics of one
    namespace, and read what `reads` allows.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: str,
        function_name: str,
        hour: int,
        variables: Mapping[str, str],
        reads: Sequence[iam.PolicyStatement],
        key: kms.IKey,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = LogGroup(self, "Log", key=key, retention_days=log_retention_days, retain_data=retain_data)
        self.role = iam.Role(
            self,
            "Role",
            # Class and interface name a parameter differently, which the type checker rejects.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("lambda.amazonaws.com")),
        )
        log_group.grant_write(self.role)
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                # The action has no resource type.
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}},
            )
        )
        for statement in reads:
            self.role.add_to_policy(statement)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_inline((DAILY_CHECKS / f"{function}.py").read_text()),
            environment=dict(variables),
            role=cast(iam.IRole, self.role),
            log_group=log_group,
            memory_size=256,
            timeout=Duration.minutes(15),
        )
        acknowledge(self.role, OWN_POLICY)
        acknowledge(
            self.function,
            {
                "LambdaConcurrency": "It runs once a day; reserved concurrency would be taken from other functions.",
                "LambdaDLQ": "A failed run is not repeated: an alarm reports it, and the next run is a day later.",
                "LambdaInsideVPC": "It calls AWS APIs only and needs nothing in the VPC, which may have no "
                "endpoints for them.",
            },
        )
        events.Rule(
            self,
            "EveryDay",
            schedule=events.Schedule.cron(hour=str(hour), minute="0"),
            targets=[cast(events.IRuleTarget, targets.LambdaFunction(cast(lambda_.IFunction, self.function)))],
        )
