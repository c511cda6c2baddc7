"""The daily drift detection of an environment's stacks."""

from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.monitoring.resource_reads import READS
from stacks.shared.acknowledgments import acknowledge, wildcard_resource
from stacks.shared.scheduled_check import ScheduledCheck, check_name

HOUR: Final = 4
"""UTC; few deployments run then."""
LEFT_OUT: Final = {
    "billing:GetBillingViewData": "shows the account's costs",
    "cloudfront:GetDistribution": "shows the origin's secret, which is a header of the distribution",
    "cloudfront:GetDistributionConfig": "shows the origin's secret, which is a header of the distribution",
    "elasticloadbalancing:DescribeRules": "shows the origin's secret, which is a condition of the rule",
    "iam:PassRole": "reads nothing",
    "kms:Decrypt": "decrypts data",
    "secretsmanager:GetSecretValue": "shows secrets",
    "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation": "is not an IAM action",
}
"""Read actions in the provider schemas that the check is not allowed, each with the reason."""


class DriftCheck(ScheduledCheck):
    """Compares the environment's stacks with their templates every day, and counts the resources that differ.

    CloudFormation reads every resource with the caller's permissions. The check may read the resource types of these
    stacks, except for data and secrets, and change nothing. It reports resources that it cannot read as not compared:
    secrets, the distribution, and the listener rule with the origin's secret.
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
        # Limited to this environment, because reading would show code, object names and values of others.
        own = {
            "lambda": stack.format_arn(
                service="lambda",
                resource="function",
                resource_name=f"yawl-{environment_name}-*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            "s3": f"arn:{stack.partition}:s3:::yawl-{environment_name}-*",
            "ssm": stack.format_arn(service="ssm", resource="parameter", resource_name=f"yawl-{environment_name}-*"),
        }
        actions = sorted({action for reads in READS.values() for action in reads} - LEFT_OUT.keys())
        super().__init__(
            scope,
            construct_id,
            function="find_drift",
            function_name=check_name(environment_name, "drift"),
            hour=HOUR,
            variables={"ENVIRONMENT": environment_name, "STACK_PREFIX": f"yawl-{environment_name}-"},
            reads=[
                iam.PolicyStatement(
                    actions=[
                        "cloudformation:DescribeStackResourceDrifts",
                        "cloudformation:DetectStackDrift",
                        "cloudformation:DetectStackResourceDrift",
                        "cloudformation:ListStackResources",
                    ],
                    resources=[stacks],
                ),
                iam.PolicyStatement(
                    actions=[
                        "cloudformation:BatchDescribeTypeConfigurations",
                        "cloudformation:DescribeStackDriftDetectionStatus",
                        "cloudformation:DescribeStacks",
                        *(action for action in actions if _service(action) not in own),
                    ],
                    resources=["*"],
                ),
                *(
                    iam.PolicyStatement(
                        actions=[action for action in actions if _service(action) == service], resources=[resource]
                    )
                    for service, resource in own.items()
                ),
            ],
            key=key,
            log_retention_days=log_retention_days,
            # The next check finds the same drift again.
            retain_data=False,
        )
        reasons = {
            stacks: "A stack's ARN ends in a random identifier; the environment is fixed.",
            "*": "PutMetricData, limited to one namespace; and read actions on configuration, many of which have no "
            "resource type.",
            **dict.fromkeys(
                own.values(), "CloudFormation appends a random suffix to the names; the environment is fixed."
            ),
        }
        acknowledge(self.role, {wildcard_resource(resource): reason for resource, reason in reasons.items()})


def _service(action: str) -> str:
    return action.partition(":")[0]
