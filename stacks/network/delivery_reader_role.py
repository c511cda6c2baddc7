"""The role with which the pipeline's functions read from an environment after a delivery."""

from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource

READER_ROLE: Final = "arn:aws:iam::{account}:role/yawl-{environment}-delivery-reader"
"""Its ARN, with placeholders for the account and the environment's name."""
TRUSTED: Final = ("yawl-delivery-NotificationsNotifierRole*", "yawl-delivery-ReleaseRecordsRecorderRole*")
"""Patterns of the two roles that may assume it: CloudFormation builds their names from the stack and their ids."""
METRICS: Final = "yawl-delivery-DeliveryMetricsEventsRole*"
"""And of the one that counts incidents."""


class DeliveryReaderRole(iam.Role):
    """A role for the pipeline's functions: why a stack failed, what was deployed, when an alarm was in ALARM.

    It reads events and templates of the environment's stacks, the images of its tasks and, with `counts_incidents`, the
    history of its alarms: no data, logs or secrets. The network stack contains it because that is among the first to be
    deployed. The functions work without the role until it exists.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        pipeline_account: str,
        counts_incidents: bool,
    ) -> None:
        stack = Stack.of(scope)
        names = [*TRUSTED, METRICS] if counts_incidents else TRUSTED
        trusted = [f"arn:aws:iam::{pipeline_account}:role/{name}" for name in names]
        super().__init__(
            scope,
            construct_id,
            role_name=READER_ROLE.format(account="", environment=environment_name).rpartition("/")[2],
            description="Read-only; the pipeline's functions report and record deployments with it",
            # Class and interface name a parameter differently, which the type checker rejects.
            assumed_by=cast(
                iam.IPrincipal,
                iam.AccountPrincipal(pipeline_account).with_conditions({"ArnLike": {"aws:PrincipalArn": trusted}}),
            ),
        )
        # In every region: the firewall and the recovery copies are in others.
        stacks = f"arn:aws:cloudformation:*:{stack.account}:stack/yawl-{environment_name}-*/*"
        ecs = f"arn:aws:ecs:{stack.region}:{stack.account}"
        cluster, tasks = f"{ecs}:cluster/yawl-{environment_name}", f"{ecs}:task/yawl-{environment_name}/*"
        reads = (
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:GetTemplate",
        )
        self.add_to_policy(iam.PolicyStatement(actions=list(reads), resources=[stacks]))
        self.add_to_policy(iam.PolicyStatement(actions=["ecs:DescribeTasks"], resources=[tasks]))
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["ecs:ListTasks"], resources=["*"], conditions={"ArnEquals": {"ecs:cluster": cluster}}
            )
        )
        acknowledge(
            self,
            {
                wildcard_resource(stacks): "Only stacks of this environment; the last part "
                "of a stack's ARN is random and changes with every creation.",
                wildcard_resource(
                    tasks
                ): "Only tasks of this environment's cluster; their identifiers change with every start.",
                wildcard_resource("*"): "ListTasks has no resource type; the condition limits it to the "
                "environment's cluster.",
                **OWN_POLICY,
            },
        )
        if counts_incidents:
            alarms = f"arn:aws:cloudwatch:{stack.region}:{stack.account}:alarm:yawl-{environment_name}-*"
            self.add_to_policy(iam.PolicyStatement(actions=["cloudwatch:DescribeAlarmHistory"], resources=[alarms]))
            acknowledge(self, {wildcard_resource(alarms): "Only alarms of this environment, whose names begin so."})
