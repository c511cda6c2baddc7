"""What the integration tests may see."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct


class VerifierRole(iam.Role):
    """A read-only role that the pipeline's integration tests assume in the environment's account.

    It trusts the pipeline account's roles named `yawl-delivery-*` and sees the service, its tasks and targets, and the
    alarms' states; no data, no logs, no secrets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        pipeline_account: str,
        cluster: ecs.ICluster,
        service: ecs.FargateService,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            role_name=f"yawl-{environment_name}-integration-tests",
            description="Assumed by the pipeline's integration tests; read-only",
            # The library's class names a parameter otherwise than its interface.
            assumed_by=cast(
                iam.IPrincipal,
                iam.AccountPrincipal(pipeline_account).with_conditions(
                    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{pipeline_account}:role/yawl-delivery-*"}}
                ),
            ),
        )
        stack = Stack.of(self)
        tasks = stack.format_arn(
            service="ecs",
            resource="task",
            resource_name=f"{cluster.cluster_name}/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        alarms = stack.format_arn(
            service="cloudwatch", resource="alarm", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        self._allow("ecs:DescribeServices", [service.service_arn])
        self._allow("ecs:DescribeTasks", [tasks])
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["ecs:ListTasks"],
                resources=["*"],
                conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
            )
        )
        self._allow("cloudwatch:DescribeAlarms", [alarms])
        # These two know no resource in a permission.
        self._allow("ecs:DescribeTaskDefinition", ["*"])
        self._allow("elasticloadbalancing:DescribeTargetHealth", ["*"])

    def _allow(self, action: str, resources: Sequence[str]) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=[action], resources=list(resources)))
