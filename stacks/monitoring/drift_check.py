"""Whether what is deployed is still what its templates say."""

from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.monitoring.metrics.maintenance import check_name
from stacks.monitoring.resource_reads import READS
from stacks.shared.acknowledgments import acknowledge, wildcard_resource
from stacks.shared.scheduled_check import ScheduledCheck

HOUR: Final = 4
"""When hardly anybody deploys."""
LEFT_OUT: Final = {
    "billing:GetBillingViewData": "shows what the account costs",
    "cloudfront:GetDistribution": "shows the origin's secret, which is a header of the distribution",
    "cloudfront:GetDistributionConfig": "shows the origin's secret, which is a header of the distribution",
    "elasticloadbalancing:DescribeRules": "shows the origin's secret, which is a condition of the rule",
    "iam:PassRole": "reads nothing",
    "kms:Decrypt": "opens what is encrypted",
    "secretsmanager:GetSecretValue": "shows secrets",
    "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation": "is no action that IAM knows",
}
"""What the schemas name for reading a resource, and this check may not do."""


class DriftCheck(ScheduledCheck):
    """Compares the environment's stacks with their templates every day, and counts the resources that differ.

    CloudFormation reads every resource as whoever asks for the comparison. The check may do what reading the types of
    our stacks needs, less what shows data or secrets, and change nothing. What it cannot read it reports as not
    compared: secrets, the distribution, and the listener rule that knows the origin's secret.
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
        # Of these services, reading would also show what is not this environment's: code, names of objects, values.
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
            # What was found today is found again tomorrow.
            retain_data=False,
        )
        reasons = {
            stacks: "A stack's ARN ends in an identifier that is new with every creation; the environment is named.",
            "*": "Metrics, whose namespace is named; and reading how resources are set up, which many services allow "
            "for all of a kind only.",
            **dict.fromkeys(own.values(), "CloudFormation ends the names; the environment is named."),
        }
        acknowledge(self.role, {wildcard_resource(resource): reason for resource, reason in reasons.items()})


def _service(action: str) -> str:
    return action.partition(":")[0]
