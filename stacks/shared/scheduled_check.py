"""A function that looks after an environment every day and puts what it finds into CloudWatch."""

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
METRICS_NAMESPACE: Final = "YAWLUpkeep"
"""The only namespace that checks may write to."""


def check_name(environment_name: str, what: str) -> str:
    """Return the name of the function that checks `what`."""
    return f"yawl-{environment_name}-{what}-check"


class ScheduledCheck(Construct):
    """The file `function` of `lambdas/daily_checks` in Lambda, once a day at `hour` (UTC).

    It stands in the template, so that a change of it changes nothing in the pipeline. It may write its own log and
    metrics of one namespace; what it may read comes as `reads`.
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
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("lambda.amazonaws.com")),
        )
        log_group.grant_write(self.role)
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                # The action knows no resource.
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
                "LambdaConcurrency": "It is started once a day; reserving capacity would take it from others.",
                "LambdaDLQ": "A run that fails is not made up for: an alarm tells of it, and the next comes tomorrow.",
                "LambdaInsideVPC": "It asks AWS's own services and nothing in the network, which has no way to them.",
            },
        )
        events.Rule(
            self,
            "EveryDay",
            schedule=events.Schedule.cron(hour=str(hour), minute="0"),
            targets=[cast(events.IRuleTarget, targets.LambdaFunction(cast(lambda_.IFunction, self.function)))],
        )
