"""The role that reads an environment's alarms during the bake."""

from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.application.integration_test_role import PIPELINE_ROLES
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource


class AlarmReaderRole(iam.Role):
    """A role the pipeline assumes in the environment's account to read the states and histories of alarms.

    It trusts the roles named `yawl-delivery-*` in the pipeline's account.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment_name: str, pipeline_account: str) -> None:
        trusted = f"arn:{Stack.of(scope).partition}:iam::{pipeline_account}:role/{PIPELINE_ROLES}"
        super().__init__(
            scope,
            construct_id,
            role_name=alarm_reader_role_name(environment_name),
            description="Read-only; the pipeline watches alarms with it after a release",
            # Class and interface name a parameter differently, which the type checker rejects.
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
                wildcard_resource("*"): "CloudWatch shows composite alarms only to roles that may describe "
                "all alarms; alarms contain no data.",
                **OWN_POLICY,
            },
        )


def alarm_reader_role_name(environment_name: str) -> str:
    """Return the role's fixed name, which the pipeline uses without reading the environment's outputs."""
    return f"yawl-{environment_name}-bake"
