"""A Lambda function that runs on events of the pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aws_cdk import Duration, IgnoreMode, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from pipeline.events.failure_runbook import failure_runbook
from pipeline.events.notification_topic import NotificationTopic
from settings import SettingsError
from stacks.monitoring.severity import Severity
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge
from stacks.shared.log_group import LogGroup

LAMBDAS: Final = Path(__file__).parents[2] / "lambdas"
"""Each folder there is one function's code."""
TIMEOUT: Final = Duration.minutes(1)
RETENTION: Final = Duration.days(14)
"""Of events that could not be processed: the longest that SQS offers."""

MOST_BYTES: Final = 4096
"""All environment variables of a function (Lambda Developer Guide, "Lambda quotas")."""
UNKNOWN_BYTES: Final = 150
"""For a value that only a deployment knows, such as an ARN."""


def checked(variables: Mapping[str, str], *, function: str) -> dict[str, str]:
    """Return a function's environment variables; raises SettingsError if they are too long for Lambda."""
    size = sum(
        len(name) + (UNKNOWN_BYTES if Token.is_unresolved(value) else len(value.encode()))
        for name, value in variables.items()
    )
    if size > MOST_BYTES:
        raise SettingsError(
            [
                f"delivery.toml: environments: their names make the environment variables of the function {function} "
                f"{size} bytes long; Lambda allows {MOST_BYTES}: shorten names, or remove environments or regions"
            ]
        )
    return dict(variables)


@dataclass(frozen=True, kw_only=True)
class PipelineEvents:
    """A selection of a pipeline's events, by the names in CodePipeline's user guide ("CodePipeline events")."""

    pipeline_name: str
    kinds: Sequence[str]
    """Of Pipeline, Stage and Action."""
    states: Sequence[str]
    stages: Sequence[str] = ()
    """Empty: all."""
    categories: Sequence[str] = ()
    """Of actions, such as Approval. Empty: all."""

    @property
    def pattern(self) -> events.EventPattern:
        """The rule's pattern."""
        return events.EventPattern(
            source=["aws.codepipeline"],
            detail_type=[f"CodePipeline {kind} Execution State Change" for kind in self.kinds],
            detail={
                "pipeline": [self.pipeline_name],
                "state": list(self.states),
                **({"stage": list(self.stages)} if self.stages else {}),
                **({"type": {"category": list(self.categories)}} if self.categories else {}),
            },
        )


class EventFunction(Construct):
    """A function of the folder `lambdas`, invoked for the events of its `rules`, one event at a time.

    `rules` are by construct id. After three failed attempts an event goes to `dead_letters`. The `role` may only write
    its log; `allow` adds permissions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        package: str,
        handler: str,
        rules: Mapping[str, PipelineEvents],
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
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
        )
        self.function = self._build_function(package, handler, description=description, variables=variables)
        self.target = targets.LambdaFunction(
            cast(lambda_.IFunction, self.function), dead_letter_queue=cast(sqs.IQueue, self.dead_letters)
        )
        for name, pipeline_events in rules.items():
            events.Rule(
                self,
                name,
                description=description,
                event_pattern=pipeline_events.pattern,
                targets=[cast(events.IRuleTarget, self.target)],
            )

    def _build_function(
        self, package: str, handler: str, *, description: str, variables: Mapping[str, str]
    ) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(
                str(LAMBDAS),
                # The package alone, below its own name.
                exclude=["*", f"!{package}", f"!{package}/*.py"],
                ignore_mode=IgnoreMode.GIT,
            ),
            handler=f"{package}.{handler}",
            memory_size=256,
            timeout=TIMEOUT,
            reserved_concurrent_executions=1,
            dead_letter_queue=cast(sqs.IQueue, self.dead_letters),
            environment=checked(variables, function=self.node.id),
            role=cast(iam.IRole, self.role),
            log_group=cast(logs.ILogGroup, self.log_group),
        )
        acknowledge(
            function,
            {
                "LambdaInsideVPC": "The function calls AWS's own services and reaches nothing in a network; the "
                "pipeline has none."
            },
        )
        acknowledge(self.role, OWN_POLICY)
        return function

    def allow(self, *actions: str, on: str | Sequence[str]) -> None:
        """Allow the function these actions on a resource or several."""
        resources = [on] if isinstance(on, str) else list(on)
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))

    def alarm_on_failure(
        self, topic: NotificationTopic, *, pipeline_name: str, missing: str, meaning: str, users: str, runbooks: str
    ) -> None:
        """Publish an alarm to the topic when the dead-letter queue is not empty.

        `missing` completes its name, `meaning` and `users` its runbook, which is on the page `runbooks`.
        """
        alarm_name = f"{pipeline_name}-{missing}-failed"
        runbook = failure_runbook(
            meaning, users, pipeline_name=pipeline_name, queue=self.dead_letters, log_group=self.log_group
        )
        alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=alarm_name,
            alarm_description=runbook.description(page=runbooks, alarm_name=alarm_name, severity=Severity.MEDIUM),
            metric=self.dead_letters.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic="Maximum"
            ),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        runbook.attach_to(alarm, alarm_name=alarm_name, severity=Severity.MEDIUM)
        topic.allow_alarms()
        alarm.add_alarm_action(cast(cloudwatch.IAlarmAction, cloudwatch_actions.SnsAction(cast(sns.ITopic, topic))))
