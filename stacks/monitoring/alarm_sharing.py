"""The role that lets the pipeline's dashboard show an account's alarms."""

from typing import Final, cast

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource

ROLE: Final = "CloudWatch-CrossAccountSharingRole"
"""The name that CloudWatch's console expects, the same in every account (CloudWatch User Guide, "Cross-account
cross-Region CloudWatch console")."""


class AlarmSharing(iam.Role):
    """Lets viewers in the pipeline's account see the states of alarms, nothing else.

    An account can have only one role of this name.
    """

    def __init__(self, scope: Construct, construct_id: str, *, pipeline_account: str) -> None:
        super().__init__(
            scope,
            construct_id,
            role_name=ROLE,
            description="Read-only; the pipeline's dashboard shows the states of this account's alarms with it",
            assumed_by=cast(iam.IPrincipal, iam.AccountPrincipal(pipeline_account)),
        )
        self.add_to_policy(iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"]))
        acknowledge(
            self,
            {
                wildcard_resource("*"): "CloudWatch shows composite alarms only to roles that may describe "
                "all alarms; alarms contain no data.",
                **OWN_POLICY,
            },
        )
