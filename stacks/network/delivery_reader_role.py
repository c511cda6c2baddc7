"""What the pipeline's functions may read of an environment that a delivery has deployed, or failed to."""

from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource

READER_ROLE: Final = "arn:aws:iam::{account}:role/yawl-{environment}-delivery-reader"
"""Its ARN, with places for the account and the environment's name."""
TRUSTED: Final = ("yawl-delivery-NotificationsNotifierRole*", "yawl-delivery-ReleaseRecordsRecorderRole*")
"""The roles of the two functions that assume it: CloudFormation names them after the pipeline's stack and their ids."""


class DeliveryReaderRole(iam.Role):
    """A role with which the pipeline's notifier reads why a stack failed, and its recorder what a release left.

    It reads the events and templates of the environment's stacks and what its tasks run: no data, no logs, no secrets.
    It stands in a stack of the first level that waits for no other, so that it exists before most of what may fail; the
    functions do without it where it does not.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment_name: str, pipeline_account: str) -> None:
        stack = Stack.of(scope)
        trusted = [f"arn:aws:iam::{pipeline_account}:role/{name}" for name in TRUSTED]
        super().__init__(
            scope,
            construct_id,
            role_name=READER_ROLE.format(account="", environment=environment_name).rpartition("/")[2],
            description="Read-only; the pipeline's functions tell and write down with it what was deployed",
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(
                iam.IPrincipal,
                iam.AccountPrincipal(pipeline_account).with_conditions({"ArnLike": {"aws:PrincipalArn": trusted}}),
            ),
        )
        # Of every region: firewall and copies are elsewhere.
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
                wildcard_resource(stacks): "The stacks of this environment and no others; the last part "
                "of a stack's ARN is drawn when it is created.",
                wildcard_resource(tasks): "Tasks of this environment's cluster come and go.",
                wildcard_resource("*"): "Listing tasks has no resource of its own; the condition names the "
                "environment's cluster.",
                **OWN_POLICY,
            },
        )
