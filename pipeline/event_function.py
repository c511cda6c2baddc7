"""A small function that is called when something has happened in the pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aws_cdk import Duration, IgnoreMode
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgments import OWN_POLICY, acknowledge
from stacks.log_group import LogGroup

FUNCTIONS: Final = Path(__file__).parents[1] / "functions"
"""Each folder there is one function's code."""
TIMEOUT: Final = Duration.minutes(1)
KEPT: Final = Duration.days(14)
"""How long an event that nobody could handle waits for somebody: the most SQS keeps."""


@dataclass(frozen=True, kw_only=True)
class PipelineEvents:
    """Which of a pipeline's events to hear of; see "CodePipeline events" in its user guide for their names."""

    pipeline_name: str
    kinds: Sequence[str]
    """Of Pipeline, Stage and Action."""
    states: Sequence[str]

    @property
    def pattern(self) -> events.EventPattern:
        """The rule's pattern."""
        return events.EventPattern(
            source=["aws.codepipeline"],
            detail_type=[f"CodePipeline {kind} Execution State Change" for kind in self.kinds],
            detail={"pipeline": [self.pipeline_name], "state": list(self.states)},
        )


class EventFunction(Construct):
    """A function of the folder `functions`, which runs once at a time for each of the pipeline's `hears`.

    What it cannot handle, after three tries, waits in `dead_letters`. Its `role` may write its log, and nothing else
    until it is told so by `allow`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        package: str,
        handler: str,
        hears: PipelineEvents,
        variables: Mapping[str, str],
        log_retention_days: int,
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = LogGroup(self, "Logs", retention_days=log_retention_days, retain_data=True, key=log_key)
        self.role = iam.Role(
            self, "Role", assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("lambda.amazonaws.com"))
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group.log_group_arn]
            )
        )
        self.dead_letters = sqs.Queue(
            self, "DeadLetters", encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, retention_period=KEPT
        )
        dead_letters = cast(sqs.IQueue, self.dead_letters)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(
                str(FUNCTIONS),
                # The package alone, below its own name.
                exclude=["*", f"!{package}", f"!{package}/*.py"],
                ignore_mode=IgnoreMode.GIT,
            ),
            handler=f"{package}.{handler}",
            memory_size=256,
            timeout=TIMEOUT,
            reserved_concurrent_executions=1,
            dead_letter_queue=dead_letters,
            environment=dict(variables),
            role=cast(iam.IRole, self.role),
            log_group=cast(logs.ILogGroup, self.log_group),
        )
        acknowledge(
            self.function,
            {
                "LambdaInsideVPC": "The function calls AWS's own services and reaches nothing in a network; the "
                "pipeline has none."
            },
        )
        acknowledge(self.role, OWN_POLICY)
        events.Rule(
            self,
            "Rule",
            description=description,
            event_pattern=hears.pattern,
            targets=[
                cast(
                    events.IRuleTarget,
                    targets.LambdaFunction(cast(lambda_.IFunction, self.function), dead_letter_queue=dead_letters),
                )
            ],
        )

    def allow(self, *actions: str, on: str) -> None:
        """Let the function do something to a resource."""
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[on]))
