"""What the integration tests may see."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

PIPELINE_ROLES = "yawl-delivery-*"


class VerifierRole(iam.Role):
    """A role the pipeline's integration tests assume in the environment's account.

    It sees the service, its tasks, its targets and the states of alarms; it changes nothing, and reads no data, no
    logs and no secrets. Of the pipeline's account it trusts the roles named `yawl-delivery-*`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        pipeline_account: str,
        cluster_name: str,
        cluster_arn: str,
        service_arn: str,
    ) -> None:
        stack = Stack.of(scope)
        trusted = f"arn:{stack.partition}:iam::{pipeline_account}:role/{PIPELINE_ROLES}"
        super().__init__(
            scope,
            construct_id,
            role_name=f"yawl-{environment_name}-integration-tests",
            description="Read-only; the pipeline's integration tests assume it",
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(
                iam.IPrincipal,
                iam.AccountPrincipal(pipeline_account).with_conditions({"ArnLike": {"aws:PrincipalArn": trusted}}),
            ),
        )
        tasks = stack.format_arn(service="ecs", resource="task", resource_name=f"{cluster_name}/*")
        self._allow(["ecs:DescribeServices"], service_arn)
        self._allow(["ecs:DescribeTasks"], tasks)
        self._allow(["ecs:ListTasks"], "*", conditions={"ArnEquals": {"ecs:cluster": cluster_arn}})
        self._allow(
            ["cloudwatch:DescribeAlarms", "ecs:DescribeTaskDefinition", "elasticloadbalancing:DescribeTargetHealth"],
            "*",
        )
        for resource, reason in {
            "*": "These reading actions know no resource, or hide composite alarms when they are given one.",
            tasks: "A task's name is new with every start; the cluster is named.",
        }.items():
            Validations.of(self).acknowledge(
                Acknowledgment(id=f"AwsSolutions::AwsSolutions-IAM5[Resource::{resource}]", reason=reason)
            )

    def _allow(
        self, actions: Sequence[str], resource: str, *, conditions: dict[str, dict[str, str]] | None = None
    ) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[resource], conditions=conditions))
