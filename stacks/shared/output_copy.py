"""A copy of another stack's output, for values used more than once."""

from aws_cdk import Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct


class OutputCopy(Construct):
    """Reads an output of another stack once and stores it in an SSM parameter of this stack.

    CloudFormation resolves `Fn::GetStackOutput` once per occurrence, not once per output, and the calls count against
    the account's rate of DescribeStacks (aws-cdk issue 38010): a dashboard alone names its load balancer 18 times.
    References to the parameter are resolved within the stack. Standard parameters are free. The value is a name or an
    ARN, never a secret.
    """

    def __init__(self, scope: Construct, construct_id: str, value: str) -> None:
        super().__init__(scope, construct_id)
        parameter = ssm.CfnParameter(
            self,
            "Resource",
            name=f"/{Stack.of(self).stack_name}/{construct_id}",
            description="Read from another stack of the environment",
            type="String",
            value=value,
        )
        self.value = parameter.attr_value
        """A reference to the value in this stack."""
