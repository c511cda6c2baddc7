"""Whether what is deployed is still what its templates say."""

from typing import Final

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.metrics.upkeep import check_name
from stacks.scheduled_check import ScheduledCheck

HOUR: Final = 4
"""When hardly anybody deploys."""
DATA: Final = (
    "athena:GetQueryResults",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:StartQuery",
    "s3:GetObject*",
    "sqs:ReceiveMessage",
    "ssm:GetParameter*",
)
"""Reading actions that show what is kept and not how it is kept."""


class DriftCheck(ScheduledCheck):
    """Compares the environment's stacks with their templates every day, and counts the resources that differ.

    CloudFormation reads every resource as whoever asks for the comparison, so this may read all configuration. It may
    read no data, and change nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        key: kms.IKey,
        log_retention_days: int,
    ) -> None:
        stack = Stack.of(scope)
        stacks = stack.format_arn(
            service="cloudformation", resource="stack", resource_name=f"yawl-{environment_name}-*/*"
        )
        super().__init__(
            scope,
            construct_id,
            function="find_drift",
            function_name=check_name(environment_name, "drift"),
            hour=HOUR,
            variables={"ENVIRONMENT": environment_name, "STACK_PREFIX": f"yawl-{environment_name}-"},
            reads=[
                iam.PolicyStatement(
                    actions=["cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift"],
                    resources=[stacks],
                ),
                iam.PolicyStatement(effect=iam.Effect.DENY, actions=list(DATA), resources=["*"]),
            ],
            key=key,
            log_retention_days=log_retention_days,
            # What was found today is found again tomorrow.
            retain_data=False,
        )
        self.role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess"))
        Validations.of(self.role).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/ReadOnlyAccess]",
                reason="Comparing a resource needs leave to read it, and AWS adds types all the time; data is denied.",
            ),
            Acknowledgment(
                id=f"AwsSolutions::AwsSolutions-IAM5[Resource::{stacks}]",
                reason="A stack's ARN ends in an identifier that is new with every creation; the environment is named.",
            ),
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="Metrics know no resource, their namespace is named; the other statement denies.",
            ),
        )
