"""What may be seen of an environment's alarms while a release is watched."""

from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.application.integration_test_role import PIPELINE_ROLES
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource


class BakeRole(iam.Role):
    """A role the pipeline assumes in the environment's account to read the states and histories of alarms.

    Of the pipeline's account it trusts the roles named `yawl-delivery-*`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment_name: str, pipeline_account: str) -> None:
        trusted = f"arn:{Stack.of(scope).partition}:iam::{pipeline_account}:role/{PIPELINE_ROLES}"
        super().__init__(
            scope,
            construct_id,
            role_name=bake_role_name(environment_name),
            description="Read-only; the pipeline watches alarms with it after a release",
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(
                iam.IPrincipal,
                iam.AccountPrincipal(pipeline_account).with_conditions({"ArnLike": {"aws:PrincipalArn": trusted}}),
            ),
        )
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"], resources=["*"]
            )
        )
        acknowledge(
            self,
            {
                wildcard_resource("*"): "CloudWatch hides composite alarms from whoever may not describe "
                "all; alarms tell no data.",
                **OWN_POLICY,
            },
        )


def bake_role_name(environment_name: str) -> str:
    """Return the role's name, which the pipeline knows without asking the environment."""
    return f"yawl-{environment_name}-bake"
